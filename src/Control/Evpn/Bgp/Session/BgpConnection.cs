using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>
/// A TCP connection that carries BGP messages: one loop reads and frames, one loop writes. It knows nothing of states; it tells its user what came and
/// sends what it is told to.
/// </summary>
/// <remarks>
/// <b>Threading:</b> every member may be called by any thread and returns at once. <b>Memory:</b> reading takes no more from the socket than it hands on,
/// and what is to be sent is asked for when the socket takes it: neither a fast nor a slow peer makes anything grow. <b>End:</b> after
/// <see cref="Close"/> with a NOTIFICATION the peer gets a moment to take it (a socket closed with unread data resets the connection, and
/// the peer would lose what it has not read).
/// </remarks>
internal sealed partial class BgpConnection
{
    private const int ReadSize = 65536;
    private const int LeastReadSize = 4096;
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(2);
    private readonly Socket _socket;
    private readonly IBgpConnectionUser _user;
    private readonly MessageCounters _received;
    private readonly MessageCounters _sent;
    private readonly BgpTimer _sendHold;
    private readonly Turns _turns;
    private readonly PipeReader _pipe;
    private readonly Lock _gate = new();
    private readonly Lock _filling = new();
    private Task _writer = Task.CompletedTask;
    private volatile bool _isClosing;
    private volatile bool _isBusy;
    private byte[]? _notification;

    /// <summary>Makes a connection of a socket, which it owns from now on. Nothing runs before <see cref="RunAsync"/>.</summary>
    /// <param name="socket">A connected socket.</param>
    /// <param name="user">Its user.</param>
    /// <param name="received">Counts what comes.</param>
    /// <param name="sent">Counts what goes.</param>
    /// <param name="sendHold">Runs while the socket takes nothing; for how long says <see cref="SendHoldTime"/>.</param>
    /// <param name="turns">Taken for each buffer that is read, and for each that is filled.</param>
    public BgpConnection(Socket socket, IBgpConnectionUser user, MessageCounters received, MessageCounters sent, BgpTimer sendHold, Turns turns)
    {
        _socket = socket;
        _user = user;
        _received = received;
        _sent = sent;
        _sendHold = sendHold;
        _turns = turns;
        _pipe = PipeReader.Create(
            new NetworkStream(socket, ownsSocket: false),
            new StreamPipeReaderOptions(bufferSize: ReadSize, minimumReadSize: LeastReadSize, useZeroByteReads: true));
        Local = BgpSockets.AddressOf(socket.LocalEndPoint);
        Remote = BgpSockets.AddressOf(socket.RemoteEndPoint);
    }

    /// <summary>Our end.</summary>
    public UnderlayAddress Local { get; }

    /// <summary>The peer's end.</summary>
    public UnderlayAddress Remote { get; }

    /// <summary>How long the socket may take nothing (RFC 9687 §5); zero for any time.</summary>
    public TimeSpan SendHoldTime { get; set; }

    /// <summary>
    /// Whether something of the peer waits for us: in the socket, or because those above are still at work. A hold timer that expires then says nothing
    /// about the peer.
    /// </summary>
    public bool HasUnread
    {
        get
        {
            if (_isBusy)
                return true;
            try
            {
                return _socket.Available > 0;
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                return false;
            }
        }
    }

    /// <summary>Reads and writes until the socket is closed.</summary>
    public Task RunAsync()
    {
        _writer = Task.Run(WriteAsync);
        return Task.Run(ReadAsync);
    }

    /// <summary>Closes it. The first call counts.</summary>
    /// <param name="notification">A NOTIFICATION to send before, header included, or null.</param>
    public void Close(byte[]? notification)
    {
        lock (_gate)
        {
            if (_isClosing)
                return;
            _notification = notification;
            _isClosing = true;
        }

        _signal.Set();

        // Elsewhere: what waits for the read would go on here, under the caller's locks.
        _ = ThreadPool.UnsafeQueueUserWorkItem(static pipe => pipe.CancelPendingRead(), _pipe, preferLocal: false);
    }

    private async Task ReadAsync()
    {
        try
        {
            await ReadMessagesAsync();
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException)
        {
            _user.Failed((error.InnerException ?? error) is SocketException socketError ? BgpSockets.Describe(socketError) : error.Message);
        }
        catch (Exception error)
        {
            _user.Faulted(error);
        }

        _isBusy = true;
        await _pipe.CompleteAsync();
        lock (_filling)
        {
            // From here on there is no Fill: it looks at the flag under this lock.
            _isClosing = true;
        }

        try
        {
            _user.Ended();
        }
        catch (Exception error)
        {
            _user.Faulted(error);
        }

        await EndAsync();
    }

    private async Task ReadMessagesAsync()
    {
        byte[]? scratch = null;
        bool hasTurn = false;
        try
        {
            while (!_isClosing)
            {
                _isBusy = false;
                ReadResult result = await _pipe.ReadAsync();
                _isBusy = true;
                if (_mayFill)
                {
                    // Before the session is open nothing of this goes to the routes, and others may be at work with them for long.
                    await _turns.EnterAsync();
                    hasTurn = true;
                }

                ReadOnlySequence<byte> buffer = result.Buffer;
                while (!_isClosing && TryTake(ref buffer, ref scratch, out ValueTask pending))
                {
                    if (pending.IsCompletedSuccessfully)
                        continue;

                    // What it waits for may need the turn.
                    LeaveTurn(ref hasTurn);
                    await pending;
                    await _turns.EnterAsync();
                    hasTurn = true;
                }

                LeaveTurn(ref hasTurn);
                _pipe.AdvanceTo(buffer.Start, buffer.End);
                if (result.IsCompleted && !_isClosing)
                {
                    _user.Failed("the peer closed the connection");
                    return;
                }
            }
        }
        finally
        {
            LeaveTurn(ref hasTurn);
            if (scratch is not null)
                ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    private void LeaveTurn(ref bool hasTurn)
    {
        if (!hasTurn)
            return;
        hasTurn = false;
        _turns.Leave();
    }

    /// <summary>Takes one message off the front and hands it on; false if there is no whole one, or none at all.</summary>
    private bool TryTake(ref ReadOnlySequence<byte> buffer, ref byte[]? scratch, out ValueTask pending)
    {
        pending = default;
        FrameStatus status = BgpFraming.TryRead(ref buffer, _user.MaxMessageLength, out BgpMessageType type, out ReadOnlySequence<byte> body, out BgpError error);
        if (status != FrameStatus.Ok)
        {
            if (status == FrameStatus.Error)
                _user.HeaderError(error);
            return false;
        }

        _received.Count((byte)type);
        if (body.IsSingleSegment)
        {
            pending = _user.Message(type, body.FirstSpan);
            return true;
        }

        int length = (int)body.Length;
        scratch ??= ArrayPool<byte>.Shared.Rent(ReadSize);
        body.CopyTo(scratch);
        pending = _user.Message(type, scratch.AsSpan(0, length));
        return true;
    }

    private async Task EndAsync()
    {
        bool hasWord;
        lock (_gate)
        {
            _isClosing = true;
            hasWord = _notification is not null;
        }

        _signal.Set();
        if (hasWord)
        {
            // The machine's clock and not the session's: this is about the kernel and the wire, and must end even where time is held.
            using var limit = new CancellationTokenSource(Linger);
            try
            {
                await _writer.WaitAsync(limit.Token);
                _socket.Shutdown(SocketShutdown.Send);
                byte[] rest = new byte[LeastReadSize];
                while (await _socket.ReceiveAsync(rest.AsMemory(), SocketFlags.None, limit.Token) > 0)
                {
                    // Thrown away: the session is over.
                }
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // Lost, or long enough.
            }
        }

        _sendHold.Stop();
        _socket.Dispose();
        await _writer;
    }
}
