using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Overlay.TestKit.Net;

/// <summary>
/// What systemd is to overlayd, and no more: a parent that starts it, reads its notifications, keeps the descriptors it is given (<c>FDSTORE</c>, <c>FDSTOREREMOVE</c>, <c>BARRIER</c>) and passes them
/// to the next one (<c>LISTEN_FDS</c>). Descriptors keep the numbers systemd would give them: 3 and those that follow.
/// </summary>
public sealed class Supervisor : IDisposable
{
    private const int HighNumbers = 400;

    // systemd closes what it lets go of in a process of its own, after it has answered.
    private static readonly TimeSpan LateClose = TimeSpan.FromMilliseconds(150);
    private static int _next;
    private readonly string _notifyPath;
    private readonly int _notify;
    private readonly Thread _reader;
    private readonly Lock _lock = new();
    private readonly List<(string Name, int Descriptor)> _store = [];
    private readonly string _logPath;
    private readonly string _netns;
    private int _ready;
    private volatile bool _stop;

    /// <summary>A supervisor whose daemon is not started yet.</summary>
    /// <param name="lab">Its folder takes the files.</param>
    /// <param name="netns">The namespace of the daemon.</param>
    /// <param name="yaml">The configuration without its <c>admin</c> and <c>state</c> sections.</param>
    /// <param name="stateDirectory">The state directory; null for one of its own.</param>
    public Supervisor(NetLab lab, string netns, string yaml, string? stateDirectory = null)
    {
        Requires.Tools("ip", "sh");
        var stem = Path.Combine(lab.Folder, string.Create(CultureInfo.InvariantCulture, $"s{Interlocked.Increment(ref _next)}"));
        _netns = netns;
        SocketPath = stem + ".sock";
        ConfigPath = stem + ".yaml";
        StateDirectory = stateDirectory ?? stem + ".state";
        _logPath = stem + ".log";
        _notifyPath = stem + ".notify";
        WriteConfig(yaml);
        Api = new OverlaydApi(SocketPath);
        _notify = Native.Check(Native.socket(Native.AfUnix, Native.SockDgram | Native.SockCloExec, 0), "notify socket");
        var address = new byte[110];
        address[0] = Native.AfUnix;
        Encoding.UTF8.GetBytes(_notifyPath).CopyTo(address, 2);
        Native.Check(Native.bind(_notify, address, 2 + Encoding.UTF8.GetByteCount(_notifyPath) + 1), "bind notify socket");
        _reader = new Thread(Read) { IsBackground = true, Name = "notify" };
        _reader.Start();
        lab.Own(this);
    }

    /// <summary>The admin socket.</summary>
    public string SocketPath { get; }

    /// <summary>The configuration file.</summary>
    public string ConfigPath { get; }

    /// <summary>The state directory.</summary>
    public string StateDirectory { get; }

    /// <summary>The API.</summary>
    public OverlaydApi Api { get; }

    /// <summary>The daemon; 0 while none runs.</summary>
    public int Pid { get; private set; }

    /// <summary>The log of all daemons so far.</summary>
    public string Log => File.Exists(_logPath) ? File.ReadAllText(_logPath) : "";

    /// <summary>Whether the store takes descriptors; set before a start.</summary>
    public bool HasStore { get; set; } = true;

    /// <summary>More that the daemon finds in its environment; null takes a variable away.</summary>
    public Dictionary<string, string?> Environment { get; } = new(StringComparer.Ordinal);

    /// <summary>Names in the store.</summary>
    public IReadOnlyList<string> Stored
    {
        get
        {
            lock (_lock) return [.. _store.Select(static one => one.Name)];
        }
    }

    /// <summary>The configuration with the admin socket and the state folder of this daemon; nothing is reloaded yet.</summary>
    public void WriteConfig(string yaml) =>
        File.WriteAllText(ConfigPath, $"{yaml.TrimEnd()}\nadmin: {{ socket: {SocketPath} }}\nstate: {{ directory: {StateDirectory} }}\n");

    /// <summary>The name in the store of a queue of the TAP t0.</summary>
    /// <param name="netns">The namespace as the configuration names it: letters, digits and hyphens.</param>
    /// <param name="queue">The queue's number, or <c>lane</c>.</param>
    public string TapName(string netns, string queue) => $"overlay.tap.t0.{netns}.{queue}";

    /// <summary>Puts a descriptor into the store as if a daemon had sent it; the store owns it.</summary>
    public void Put(string name, int descriptor)
    {
        lock (_lock) _store.Add((name, High(descriptor)));
    }

    /// <summary>Starts the daemon; returns when it runs, which is long before it is ready.</summary>
    public void Start()
    {
        Volatile.Write(ref _ready, 0);
        (string Name, int Descriptor)[] store;
        lock (_lock) store = [.. _store];
        var environment = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["PATH"] = System.Environment.GetEnvironmentVariable("PATH"),
            ["HOME"] = System.Environment.GetEnvironmentVariable("HOME"),
            ["DOTNET_ROOT"] = System.Environment.GetEnvironmentVariable("DOTNET_ROOT"),
            ["DOTNET_TieredPGO"] = "0",
            ["NOTIFY_SOCKET"] = _notifyPath,
            ["FDSTORE"] = HasStore ? "4096" : "0",
            ["LISTEN_FDS"] = store.Length == 0 ? null : store.Length.ToString(CultureInfo.InvariantCulture),
            ["LISTEN_FDNAMES"] = store.Length == 0 ? null : string.Join(':', store.Select(static one => one.Name)),
        };
        foreach (var (key, value) in Environment) environment[key] = value;

        // The shell becomes ip, and that the daemon: its process id is known to the shell alone.
        var script = Environment.ContainsKey("LISTEN_PID") ? "exec \"$@\"" : "export LISTEN_PID=$$; exec \"$@\"";
        string[] arguments = ["sh", "-c", script, "sh", Requires.Find("ip") ?? "ip", "netns", "exec", _netns, Binaries.Overlayd, "--config", ConfigPath];
        Pid = Spawn(arguments, [.. environment.Where(static one => one.Value is not null).Select(static one => $"{one.Key}={one.Value}")], [.. store.Select(static one => one.Descriptor)]);
    }

    /// <summary>Waits for <c>READY=1</c> of the daemon that runs.</summary>
    public void WaitReady() =>
        Wait.Until(() => Volatile.Read(ref _ready) > 0 || HasEnded(), TimeSpan.FromSeconds(10), "overlayd is ready", () => Log);

    /// <summary>Starts the daemon and waits until it is ready.</summary>
    public Supervisor StartReady()
    {
        Start();
        WaitReady();
        if (Pid == 0) throw new InvalidOperationException($"overlayd did not start\n{Log}");
        return this;
    }

    /// <summary>Waits until the store has so many descriptors at least.</summary>
    public void WaitStored(int count) => Wait.Until(() => Stored.Count >= count, TimeSpan.FromSeconds(5), $"{count} descriptors in the store", () => string.Join(' ', Stored) + Log);

    /// <summary>As <c>systemctl restart</c>: SIGTERM, and the next one as soon as this one has ended. Does not wait until that is ready.</summary>
    public void Restart()
    {
        End(Native.SigTerm);
        Start();
    }

    /// <summary>Ends the daemon by a signal; the exit code, or 128 and the signal. Its descriptors stay in the store.</summary>
    public int End(int signal = Native.SigTerm, TimeSpan? limit = null)
    {
        var pid = Pid;
        if (pid == 0) return 0;
        _ = Native.kill(pid, signal);
        var status = 0;
        var started = Stopwatch.GetTimestamp();
        while (Native.waitpid(pid, ref status, Native.NoHang) == 0)
        {
            if (Stopwatch.GetElapsedTime(started) > (limit ?? TimeSpan.FromSeconds(20)))
            {
                _ = Native.kill(pid, Native.SigKill);
                throw new TimeoutException($"overlayd did not end\n{Log}");
            }

            Thread.Sleep(1);
        }

        Pid = 0;
        return (status & 0x7F) == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F);
    }

    /// <summary>A copy of a descriptor, for <see cref="Put"/>.</summary>
    public static int Duplicate(int descriptor) => Native.Check(Native.fcntl(descriptor, Native.DupCloExec, HighNumbers), "dup");

    /// <summary>SIGHUP.</summary>
    public void Hangup()
    {
        if (Pid != 0) _ = Native.kill(Pid, Native.SigHup);
    }

    /// <summary>SIGKILL.</summary>
    public int Kill() => End(Native.SigKill);

    /// <summary>SIGINT, as from a terminal.</summary>
    public int Interrupt() => End(Native.SigInt);

    /// <summary>Closes everything in the store, as systemd does when a unit is stopped for good.</summary>
    public void EmptyStore()
    {
        lock (_lock)
        {
            foreach (var (_, descriptor) in _store) _ = Native.close(descriptor);
            _store.Clear();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_stop) return;
        if (Pid != 0) End(Native.SigKill);
        _stop = true;
        _reader.Join();
        EmptyStore();
        _ = Native.close(_notify);
        Api.Dispose();
        File.Delete(_notifyPath);
    }

    private bool HasEnded()
    {
        var status = 0;
        if (Pid == 0) return true;
        if (Native.waitpid(Pid, ref status, Native.NoHang) != Pid) return false;
        Pid = 0;
        return true;
    }

    private void Read()
    {
        const int Size = 16 << 10, Vector = 64, Control = 96, Header = 512, Data = 600;
        var memory = Marshal.AllocHGlobal(Data + Size);
        var poll = new Native.PollFd[] { new() { Fd = _notify, Events = Native.PollIn } };
        try
        {
            while (!_stop)
            {
                if (Native.poll(poll, 1, 20) <= 0) continue;
                Marshal.WriteIntPtr(memory, Vector, memory + Data);
                Marshal.WriteIntPtr(memory, Vector + 8, Size);
                Marshal.WriteIntPtr(memory, Header, 0);
                Marshal.WriteIntPtr(memory, Header + 8, 0);
                Marshal.WriteIntPtr(memory, Header + 16, memory + Vector);
                Marshal.WriteIntPtr(memory, Header + 24, 1);
                Marshal.WriteIntPtr(memory, Header + 32, memory + Control);
                Marshal.WriteIntPtr(memory, Header + 40, 400);
                Marshal.WriteIntPtr(memory, Header + 48, 0);
                var length = (int)Native.recvmsg(_notify, memory + Header, Native.MsgDontWait | Native.MsgCloExec);
                if (length < 0) continue;
                var text = new byte[length];
                Marshal.Copy(memory + Data, text, 0, length);
                Handle(Encoding.UTF8.GetString(text).Split('\n'), Received(memory, Control, (int)Marshal.ReadIntPtr(memory, Header + 40)));
            }
        }
        finally
        {
            Marshal.FreeHGlobal(memory);
        }
    }

    // struct cmsghdr: length, level (SOL_SOCKET), type (SCM_RIGHTS), then the descriptors.
    private static int[] Received(IntPtr memory, int control, int length)
    {
        if (length < 20 || Marshal.ReadInt32(memory, control + 8) != Native.SolSocket || Marshal.ReadInt32(memory, control + 12) != 1) return [];
        return [.. Enumerable.Range(0, ((int)Marshal.ReadIntPtr(memory, control) - 16) / 4).Select(i => Marshal.ReadInt32(memory, control + 16 + (4 * i)))];
    }

    private void Handle(string[] lines, int[] descriptors)
    {
        var name = lines.FirstOrDefault(static line => line.StartsWith("FDNAME=", StringComparison.Ordinal))?["FDNAME=".Length..] ?? "stored";
        lock (_lock)
        {
            if (lines.Contains("FDSTORE=1") && HasStore)
            {
                if (!lines.Contains("FDPOLL=0")) throw new InvalidOperationException("a descriptor without FDPOLL=0");
                _store.AddRange(descriptors.Select(descriptor => (name, High(descriptor))));
                descriptors = [];
            }

            if (lines.Contains("FDSTOREREMOVE=1"))
            {
                int[] gone = [.. _store.Where(one => one.Name == name).Select(static one => one.Descriptor)];
                _store.RemoveAll(one => one.Name == name);
                _ = Task.Delay(LateClose).ContinueWith(_ => gone.Count(static descriptor => Native.close(descriptor) == 0), TaskScheduler.Default);
            }
        }

        // The end of a barrier among them.
        foreach (var descriptor in descriptors) _ = Native.close(descriptor);
        if (lines.Contains("READY=1")) Volatile.Write(ref _ready, 1);
    }

    // Out of the way of the numbers that a child finds them under.
    private static int High(int descriptor)
    {
        var high = Native.Check(Native.fcntl(descriptor, Native.DupCloExec, HighNumbers), "dup");
        _ = Native.close(descriptor);
        return high;
    }

    private int Spawn(string[] arguments, string[] environment, int[] descriptors)
    {
        // posix_spawn_file_actions_t is 80 octets in glibc; more does no harm.
        var actions = Marshal.AllocHGlobal(512);
        try
        {
            Native.Check(-Native.posix_spawn_file_actions_init(actions), "posix_spawn");
            _ = Native.posix_spawn_file_actions_addopen(actions, 0, "/dev/null", 0, 0);
            _ = Native.posix_spawn_file_actions_addopen(actions, 1, _logPath, Native.OpenAppend, 420);
            _ = Native.posix_spawn_file_actions_adddup2(actions, 1, 2);
            for (var i = 0; i < descriptors.Length; i++) _ = Native.posix_spawn_file_actions_adddup2(actions, descriptors[i], 3 + i);
            var result = Native.posix_spawn(out var pid, Requires.Find("sh")!, actions, 0, [.. arguments, null], [.. environment, null]);
            if (result != 0) throw new IOException($"posix_spawn: {result}");
            _ = Native.posix_spawn_file_actions_destroy(actions);
            return pid;
        }
        finally
        {
            Marshal.FreeHGlobal(actions);
        }
    }
}
