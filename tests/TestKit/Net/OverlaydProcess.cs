using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Overlay.TestKit.Net;

/// <summary>overlayd in a namespace, with a configuration file and an API socket in the lab's folder.</summary>
public sealed class OverlaydProcess : IDisposable
{
    private static int _next;
    private readonly RunningProcess _process;
    private readonly Socket _notify;
    private readonly string _notifyPath;
    private readonly List<string> _notices = [];

    private OverlaydProcess(string netns, string stem, Action<OverlaydProcess> writeConfig, IReadOnlyDictionary<string, string>? environment, string? program = null)
    {
        Netns = netns;
        SocketPath = stem + ".sock";
        ConfigPath = stem + ".yaml";
        writeConfig(this);
        _notifyPath = stem + ".notify";
        File.Delete(_notifyPath);
        _notify = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        _notify.Bind(new UnixDomainSocketEndPoint(_notifyPath));

        // As systemd makes its own: whoever the daemon runs as may speak.
        File.SetUnixFileMode(_notifyPath, (UnixFileMode)0b111_111_111);
        Api = new OverlaydApi(SocketPath);
        var variables = new Dictionary<string, string>(environment ?? new Dictionary<string, string>(StringComparer.Ordinal), StringComparer.Ordinal) { ["NOTIFY_SOCKET"] = _notifyPath, ["FDSTORE"] = "0" };
        var started = Stopwatch.GetTimestamp();
        _process = Cmd.Start(netns, variables, program ?? Binaries.Overlayd, "--config", ConfigPath);
        try
        {
            Wait.Until(() => _process.HasExited || Notified("READY=1"), TimeSpan.FromSeconds(20), "overlayd is ready", () => _process.StdErr + _process.StdOut);
        }
        catch
        {
            Dispose();
            throw;
        }

        TimeToReady = Stopwatch.GetElapsedTime(started);
        if (!_process.HasExited) return;
        var result = _process.WaitForExit(TimeSpan.FromSeconds(5));
        Dispose();
        throw new InvalidOperationException($"overlayd did not start: {result}\n{File.ReadAllText(ConfigPath)}");
    }

    /// <summary>The namespace it runs in.</summary>
    public string Netns { get; }

    /// <summary>The admin socket.</summary>
    public string SocketPath { get; }

    /// <summary>The configuration file.</summary>
    public string ConfigPath { get; }

    /// <summary>The API.</summary>
    public OverlaydApi Api { get; }

    /// <summary>From the start of the process to READY=1.</summary>
    public TimeSpan TimeToReady { get; }

    /// <summary>The process id.</summary>
    public int Pid => _process.Pid;

    /// <summary>Whether it still runs.</summary>
    public bool IsRunning => !_process.HasExited;

    /// <summary>Log so far: what the daemon wrote a moment ago may still be on its way (<see cref="WaitForLog"/>).</summary>
    public string Log => _process.StdErr + _process.StdOut;

    /// <summary>Waits until the log contains <paramref name="text"/>.</summary>
    public void WaitForLog(string text) => Wait.Until(() => Log.Contains(text, StringComparison.Ordinal), TimeSpan.FromSeconds(5), $"the log says '{text}'", () => Log);

    /// <summary>
    /// Starts overlayd and waits for READY. <paramref name="yaml"/> is the configuration without its <c>admin</c> section;
    /// <paramref name="program"/> another overlayd than the one built with the tests.
    /// </summary>
    public static OverlaydProcess Start(NetLab lab, string netns, string yaml, IReadOnlyDictionary<string, string>? environment = null, string? program = null) =>
        lab.Own(new OverlaydProcess(netns, Path.Combine(lab.Folder, string.Create(CultureInfo.InvariantCulture, $"d{Interlocked.Increment(ref _next)}")), d => d.WriteConfig(yaml), environment, program));

    /// <summary>Starts another process in the place of one that has ended, with <paramref name="file"/> as its whole configuration file.</summary>
    public static OverlaydProcess StartAgain(NetLab lab, OverlaydProcess ended, string file) =>
        lab.Own(new OverlaydProcess(ended.Netns, Path.ChangeExtension(ended.SocketPath, null), d => File.WriteAllText(d.ConfigPath, file), environment: null));

    /// <summary>
    /// The configuration as it is written: <paramref name="yaml"/> with the admin socket and a state folder of this process, and without a metrics listener if it names none: there
    /// may be several daemons in a namespace.
    /// </summary>
    public string WithAdmin(string yaml) => $"{yaml.TrimEnd()}\n{(yaml.Contains("\nmetrics:", StringComparison.Ordinal) ? "" : "metrics: { listen: null }\n")}admin: {{ socket: {SocketPath} }}\nstate: {{ directory: {Path.ChangeExtension(SocketPath, ".state")} }}\n";

    /// <summary>Replaces the configuration file; nothing is reloaded yet.</summary>
    public void WriteConfig(string yaml) => File.WriteAllText(ConfigPath, WithAdmin(yaml));

    /// <summary>The counters.</summary>
    public DropTable Drops() => DropTable.Parse(Api.Get("/v1/drops"));

    /// <summary>The counters once nothing has moved for a moment and every received frame has its end.</summary>
    public DropTable SettledDrops(TimeSpan? limit = null)
    {
        var text = Wait.Settled(() => Api.Get("/v1/drops")["totals"]!.ToJsonString(), TimeSpan.FromMilliseconds(60), limit ?? TimeSpan.FromSeconds(10));
        _ = text;
        return Drops();
    }

    /// <summary>The status.</summary>
    public JsonNode Status() => Api.Get("/v1/status");

    /// <summary>Sends SIGHUP.</summary>
    public void Hangup() => _process.Signal(Native.SigHup);

    /// <summary>Stops the process as a scheduler could: not a moment of CPU until <see cref="Continue"/>.</summary>
    public void Freeze() => _process.Signal(Native.SigStop);

    /// <summary>Ends <see cref="Freeze"/>.</summary>
    public void Continue() => _process.Signal(Native.SigCont);

    /// <summary>Runs overlayctl against this daemon.</summary>
    public CmdResult Ctl(params ReadOnlySpan<string> args)
    {
        using var process = Cmd.Start(Netns, null, [Binaries.Overlayctl, .. args, "--socket", SocketPath]);
        return process.WaitForExit(TimeSpan.FromSeconds(20));
    }

    /// <summary>SIGTERM; the exit code.</summary>
    public CmdResult Terminate(TimeSpan? limit = null) => _process.Stop(Native.SigTerm, limit ?? TimeSpan.FromSeconds(15));

    /// <summary>SIGKILL, and waits for the end.</summary>
    public void Kill()
    {
        _process.Signal(Native.SigKill);
        _process.WaitForExit(TimeSpan.FromSeconds(10));
    }

    /// <summary>Whether a notification with this line has come.</summary>
    public bool Notified(string line)
    {
        var buffer = new byte[4096];
        while (_notify.Poll(0, SelectMode.SelectRead))
        {
            var length = _notify.Receive(buffer);
            _notices.AddRange(Encoding.UTF8.GetString(buffer, 0, length).Split('\n'));
        }

        return _notices.Contains(line);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.Dispose();
        Api.Dispose();
        _notify.Dispose();
        File.Delete(_notifyPath);
    }
}
