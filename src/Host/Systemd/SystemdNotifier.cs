using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Overlay.Host.Systemd;

/// <summary>
/// Tells the service manager how we are, by the protocol of sd_notify(3): one datagram a message to the Unix socket that
/// <c>NOTIFY_SOCKET</c> names (a path, or an abstract name after <c>@</c>). Without one it does nothing.
/// </summary>
/// <remarks>Thread-safe. A message that cannot be sent is lost: a daemon does not fail because its supervisor is deaf.</remarks>
public sealed class SystemdNotifier
{
    private readonly string? _path;

    /// <summary>Makes a notifier.</summary>
    /// <param name="path">The value of <c>NOTIFY_SOCKET</c>, or null.</param>
    /// <param name="watchdogInterval">Time within which <c>WATCHDOG=1</c> is expected, or null.</param>
    public SystemdNotifier(string? path, TimeSpan? watchdogInterval = null)
    {
        _path = path is ['/' or '@', _, ..] ? path : null;
        WatchdogInterval = _path is null ? null : watchdogInterval;
    }

    /// <summary>True if somebody listens.</summary>
    public bool IsEnabled => _path is not null;

    /// <summary>Time within which <see cref="Watchdog"/> is expected, or null.</summary>
    public TimeSpan? WatchdogInterval { get; }

    /// <summary>The notifier that this process's environment asks for.</summary>
    public static SystemdNotifier FromEnvironment()
    {
        var forUs = Environment.GetEnvironmentVariable("WATCHDOG_PID") is not { Length: > 0 } pid ||
            pid == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        var watchdog = forUs && long.TryParse(Environment.GetEnvironmentVariable("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var usec) && usec > 0
            ? TimeSpan.FromMicroseconds(usec)
            : (TimeSpan?)null;
        return new SystemdNotifier(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"), watchdog);
    }

    /// <summary>We forward (also the end of a reload).</summary>
    public void Ready(string status) => Send($"READY=1\nSTATUS={OneLine(status)}");

    /// <summary>A reload begins. systemd wants the monotonic time of it (<c>Type=notify-reload</c>).</summary>
    public void Reloading()
    {
        // Stopwatch is CLOCK_MONOTONIC on Linux, which is the clock the protocol names.
        var usec = (long)(Stopwatch.GetTimestamp() * (1_000_000.0 / Stopwatch.Frequency));
        Send(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={usec}"));
    }

    /// <summary>We stop.</summary>
    public void Stopping(string status) => Send($"STOPPING=1\nSTATUS={OneLine(status)}");

    /// <summary>A line for <c>systemctl status</c>.</summary>
    public void Status(string status) => Send($"STATUS={OneLine(status)}");

    /// <summary>We are alive.</summary>
    public void Watchdog() => Send("WATCHDOG=1");

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");

    private void Send(string message)
    {
        if (_path is null)
        {
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.Blocking = false;
            socket.SendTo(Encoding.UTF8.GetBytes(message), new UnixDomainSocketEndPoint(_path[0] == '@' ? '\0' + _path[1..] : _path));
        }
        catch (Exception error) when (error is SocketException or ArgumentException)
        {
            // See the remarks: lost.
        }
    }
}
