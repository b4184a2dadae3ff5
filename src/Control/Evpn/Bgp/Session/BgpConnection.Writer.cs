using System.Net.Sockets;
using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>The writing half.</summary>
internal sealed partial class BgpConnection
{
    // The send hold timer starts anew with each piece: a peer that reads slowly is slow, one that reads nothing is gone.
    private const int PieceSize = 16384;
    private readonly WakeSignal _signal = new();
    private int _hasMore;
    private volatile bool _mayFill;
    private byte[]? _open;
    private byte[]? _refresh;
    private bool _isKeepaliveDue;

    /// <summary>Sends an OPEN.</summary>
    /// <param name="message">The whole message.</param>
    public void SendOpen(byte[] message)
    {
        lock (_gate)
        {
            _open = message;
        }

        _signal.Set();
    }

    /// <summary>Sends a KEEPALIVE; one, if the last is not sent yet.</summary>
    public void SendKeepalive()
    {
        lock (_gate)
        {
            _isKeepaliveDue = true;
        }

        _signal.Set();
    }

    /// <summary>Sends a ROUTE-REFRESH; one, if the last is not sent yet.</summary>
    /// <param name="message">The whole message.</param>
    public void SendRefresh(byte[] message)
    {
        lock (_gate)
        {
            _refresh = message;
        }

        _signal.Set();
    }

    /// <summary>From now on <see cref="IBgpConnectionUser.Fill"/> is asked, the first time at once.</summary>
    public void BeginFilling()
    {
        _mayFill = true;
        Volatile.Write(ref _hasMore, 1);
        _signal.Set();
    }

    /// <summary>There may be something to fill. Cheap.</summary>
    public void Wake()
    {
        if (Interlocked.Exchange(ref _hasMore, 1) == 0)
            _signal.Set();
    }

    private async Task WriteAsync()
    {
        using var output = new OutputBuffer();
        try
        {
            while (true)
            {
                await _signal.WaitAsync();
                while (true)
                {
                    output.Clear();
                    bool isLast = Gather(output);
                    if (!isLast && _mayFill && Interlocked.Exchange(ref _hasMore, 0) != 0)
                        await FillAsync(output);
                    if (output.Length > 0)
                        await SendAsync(output.Written);
                    if (isLast)
                        return;
                    if (output.Length == 0 && !(_mayFill && Volatile.Read(ref _hasMore) != 0))
                        break;
                }

                output.Release();
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            _user.Failed(error is SocketException socketError ? BgpSockets.Describe(socketError) : "closed");
        }
        catch (Exception error)
        {
            _user.Faulted(error);
        }
    }

    /// <summary>Collects what is to be sent now; true if nothing comes after it.</summary>
    private bool Gather(OutputBuffer output)
    {
        lock (_gate)
        {
            if (_isClosing)
            {
                Append(output, _notification);
                return true;
            }

            Append(output, _open);
            Append(output, _refresh);
            if (_isKeepaliveDue)
                KeepaliveMessage.Write(output);
            _open = null;
            _refresh = null;
            _isKeepaliveDue = false;
        }

        return false;
    }

    private async ValueTask FillAsync(OutputBuffer output)
    {
        await _turns.EnterAsync();
        try
        {
            lock (_filling)
            {
                if (!_isClosing && _user.Fill(output))
                    Volatile.Write(ref _hasMore, 1);
            }
        }
        finally
        {
            _turns.Leave();
        }
    }

    private static void Append(OutputBuffer output, byte[]? message)
    {
        if (message is null)
            return;
        message.CopyTo(output.GetSpan(message.Length));
        output.Advance(message.Length);
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> messages)
    {
        _sent.CountAll(messages.Span);
        while (messages.Length > 0)
        {
            ReadOnlyMemory<byte> piece = messages[..Math.Min(PieceSize, messages.Length)];
            ValueTask<int> sending = _socket.SendAsync(piece, SocketFlags.None);
            int sent;
            if (sending.IsCompleted)
            {
                sent = await sending;
            }
            else
            {
                if (SendHoldTime > TimeSpan.Zero)
                    _sendHold.Start(SendHoldTime);
                sent = await sending;
                _sendHold.Stop();
            }

            messages = messages[sent..];
        }
    }
}
