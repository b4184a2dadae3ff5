using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>
/// Listens at one address for as long as it lives: an address that is taken or a port that is not allowed is said once and tried again, never fatal.
/// </summary>
internal sealed class BgpListener
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);
    private readonly UnderlayAddress _address;
    private readonly int _port;
    private readonly bool _isOptional;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Action<Socket> _prepare;
    private readonly Action<Socket> _accepted;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Socket? _socket;
    private string? _logged;
    private Task _running = Task.CompletedTask;

    /// <summary>Makes one; nothing runs before <see cref="Start"/>.</summary>
    /// <param name="address">Where.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="isOptional">Nobody asked for this address by name: a kernel without its family is no fault.</param>
    /// <param name="prepare">Sets keys on a socket before it listens.</param>
    /// <param name="accepted">Takes connections; owns them.</param>
    /// <param name="time">The clock of waits.</param>
    /// <param name="log">Where to log.</param>
    public BgpListener(UnderlayAddress address, int port, bool isOptional, Action<Socket> prepare, Action<Socket> accepted, TimeProvider time, ILogger log)
    {
        _address = address;
        _port = port;
        _isOptional = isOptional;
        _prepare = prepare;
        _accepted = accepted;
        _time = time;
        _log = log;
    }

    /// <summary>Where it listens.</summary>
    public UnderlayAddress Address => _address;

    /// <summary>At which port.</summary>
    public int Port => _port;

    /// <summary>It listens now.</summary>
    public bool IsListening
    {
        get
        {
            lock (_gate)
            {
                return _socket is not null;
            }
        }
    }

    /// <summary>Starts it. If the address is free it listens when this returns.</summary>
    public void Start()
    {
        TimeSpan? wait = TryOpen(TimeSpan.Zero);
        _running = Task.Run(() => RunAsync(wait));
    }

    /// <summary>Does something with the listening socket, keys say; nothing if there is none, because preparing one comes first anyway.</summary>
    public void With(Action<Socket> what)
    {
        lock (_gate)
        {
            if (_socket is { } socket)
                what(socket);
        }
    }

    /// <summary>Stops listening. Accepted connections are not touched.</summary>
    public Task StopAsync()
    {
        _stop.TrySetResult();
        Close();
        return _running;
    }

    private async Task RunAsync(TimeSpan? wait)
    {
        while (!_stop.Task.IsCompleted)
        {
            if (wait is { } pause)
            {
                using var over = new CancellationTokenSource();
                await Task.WhenAny(_stop.Task, Task.Delay(pause, _time, over.Token));
                await over.CancelAsync();
                if (_stop.Task.IsCompleted)
                    return;
                wait = TryOpen(pause);
                if (wait == Timeout.InfiniteTimeSpan)
                    return;
                continue;
            }

            await AcceptAsync();
            wait = TimeSpan.FromSeconds(1);
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket? socket;
            lock (_gate)
            {
                socket = _socket;
            }

            if (socket is null)
                return;
            try
            {
                _accepted(await socket.AcceptAsync());
            }
            catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset or SocketError.Interrupted)
            {
                // The peer gave up between its SYN and here.
            }
            catch (Exception error)
            {
                if (!_stop.Task.IsCompleted)
                    EvpnLog.ListenerLost(_log, error, _address.ToString(), _port);
                Close();
                return;
            }
        }
    }

    /// <summary>Opens the socket; returns how long to wait before the next attempt, or null.</summary>
    private TimeSpan? TryOpen(TimeSpan before)
    {
        try
        {
            Socket socket = BgpSockets.Listen(_address, _port, _prepare);
            lock (_gate)
            {
                if (_stop.Task.IsCompleted)
                {
                    socket.Dispose();
                    return null;
                }

                _socket = socket;
            }

            // Again, for keys that changed while the socket was not to be seen.
            _prepare(socket);
            _logged = null;
            EvpnLog.Listening(_log, _address.ToString(), _port);
            return null;
        }
        catch (SocketException error)
        {
            if (_isOptional && error.SocketErrorCode is SocketError.AddressFamilyNotSupported or SocketError.ProtocolNotSupported)
                return Timeout.InfiniteTimeSpan;
            TimeSpan wait = before * 2 < LongestWait ? TimeSpan.FromSeconds(Math.Max(2, before.TotalSeconds * 2)) : LongestWait;
            string problem = Describe(error);
            if (!string.Equals(problem, _logged, StringComparison.Ordinal))
                EvpnLog.ListenFailed(_log, _address.ToString(), _port, problem, (int)wait.TotalSeconds);
            _logged = problem;
            return wait;
        }
    }

    private static string Describe(SocketException error) => error.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => "another program listens there",
        SocketError.AccessDenied => "not allowed; a port below 1024 needs CAP_NET_BIND_SERVICE",
        _ => error.Message,
    };

    private void Close()
    {
        lock (_gate)
        {
            _socket?.Dispose();
            _socket = null;
        }
    }
}
