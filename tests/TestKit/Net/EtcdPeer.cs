using System.Text.Json.Nodes;

namespace Overlay.TestKit.Net;

/// <summary>A real etcd cluster of three members in one namespace, on client ports of their own: members end, pause, come back and are restored as operators see it happen.</summary>
public sealed class EtcdPeer : IDisposable
{
    private const int Count = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly RunningProcess?[] _members = new RunningProcess?[Count];
    private readonly NetLab _lab;
    private readonly string _netns;
    private readonly string _host;
    private readonly EtcdPeerOptions _options;
    private int _generation;

    private EtcdPeer(NetLab lab, string netns, string address, EtcdPeerOptions options)
    {
        Requires.Tools("etcd", "etcdctl");
        (_lab, _netns, _options) = (lab, netns, options);
        _host = address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;
        for (var i = 0; i < Count; i++) Start(i);
        WaitForHealth();
    }

    /// <summary>Client URLs, as a YAML list.</summary>
    public string Endpoints => $"[{string.Join(", ", Enumerable.Range(0, Count).Select(i => $"\"{Endpoint(i)}\""))}]";

    /// <summary>TCP ports of clients, as a set of nft.</summary>
    public static string Ports => $"{{ {string.Join(", ", Enumerable.Range(0, Count).Select(ClientPort))} }}";

    /// <summary>The member that leads; -1 for none.</summary>
    public int Leader
    {
        get
        {
            var answer = Ctl("endpoint", "status", "-w", "json").StdOut;
            return answer.Length == 0
                ? -1
                : JsonNode.Parse(answer)!.AsArray().Where(m => (ulong?)m!["Status"]!["leader"] == (ulong?)m["Status"]!["header"]!["member_id"])
                    .Select(m => Member((string)m!["Endpoint"]!)).DefaultIfEmpty(-1).First();
        }
    }

    /// <summary>Starts it and waits until it is healthy.</summary>
    public static EtcdPeer Start(NetLab lab, string netns, string address, EtcdPeerOptions? options = null) => lab.Own(new EtcdPeer(lab, netns, address, options ?? new EtcdPeerOptions()));

    /// <summary>A member's client URL.</summary>
    public string Endpoint(int member) => $"{_options.Scheme}://{_host}:{ClientPort(member)}";

    /// <summary>The member with a client URL.</summary>
    public int Member(string endpoint) => Array.FindIndex([0, 1, 2], i => endpoint.TrimEnd('/') == Endpoint(i));

    /// <summary>Waits until a majority answers.</summary>
    public void WaitForHealth() => Wait.Until(
        () => Enumerable.Range(0, Count).Any(i => _members[i] is { HasExited: false } && At(i, "endpoint", "health").Ok),
        Patience, "the cluster is healthy", () => string.Join('\n', _members.Select(static m => m?.StdErr)));

    /// <summary>Runs the client, against all members.</summary>
    public CmdResult Ctl(params ReadOnlySpan<string> args) => Cmd.Run(_netns, Client(string.Join(',', Enumerable.Range(0, Count).Select(Endpoint)), args));

    /// <summary>Runs the client, against one member.</summary>
    public CmdResult At(int member, params ReadOnlySpan<string> args) => Cmd.Run(_netns, Client(Endpoint(member), args));

    /// <summary>Runs a script of the shell's in which <c>$etcdctl</c> is the client.</summary>
    public CmdResult Script(string script) => Cmd.Run(_netns, "sh", "-ec", $"etcdctl='{string.Join(' ', Client(string.Join(',', Enumerable.Range(0, Count).Select(Endpoint)), []))}'\n{script}");

    /// <summary>The revision that the store is at.</summary>
    public long Revision() => (long)JsonNode.Parse(Ctl("get", "x", "-w", "json").OrThrow().StdOut)!["header"]!["revision"]!;

    /// <summary>Starts a member that has not been, or has ended.</summary>
    public void Start(int member)
    {
        // Every member was of the cluster from its beginning, so it is told the same each time.
        _members[member]?.Dispose();
        _members[member] = Cmd.Start(
            _netns,
            null,
            [
                "etcd",
                "--name", $"m{member}",
                "--data-dir", DataDir(member),
                "--listen-client-urls", Endpoint(member),
                "--advertise-client-urls", Endpoint(member),
                "--listen-peer-urls", $"http://127.0.0.1:{PeerPort(member)}",
                "--initial-advertise-peer-urls", $"http://127.0.0.1:{PeerPort(member)}",
                "--initial-cluster", InitialCluster,
                "--log-level", "error",
                .. _options.Arguments.Select(a => a.Replace("{member}", $"{member}", StringComparison.Ordinal)),
            ]);
    }

    /// <summary>Ends a member hard.</summary>
    public void Kill(int member)
    {
        _members[member]!.Signal(Native.SigKill);
        _members[member]!.WaitForExit(TimeSpan.FromSeconds(10));
    }

    /// <summary>Not a moment of CPU for a member until <see cref="Continue"/>.</summary>
    public void Freeze(int member) => _members[member]!.Signal(Native.SigStop);

    /// <summary>Ends <see cref="Freeze"/>.</summary>
    public void Continue(int member) => _members[member]!.Signal(Native.SigCont);

    /// <summary>Writes a snapshot and returns its file.</summary>
    public string Save()
    {
        var file = Path.Combine(_lab.Folder, $"snapshot-{_netns}");
        At(0, "snapshot", "save", file).OrThrow();
        return file;
    }

    /// <summary>Ends all members and starts them with what a snapshot holds: what operators do after a disaster.</summary>
    public void Restore(string file)
    {
        for (var i = 0; i < Count; i++) Kill(i);
        _generation++;
        for (var i = 0; i < Count; i++)
        {
            At(i, "snapshot", "restore", file, "--name", $"m{i}", "--data-dir", DataDir(i), "--initial-cluster", InitialCluster, "--initial-advertise-peer-urls", $"http://127.0.0.1:{PeerPort(i)}").OrThrow();
        }

        for (var i = 0; i < Count; i++) Start(i);
        WaitForHealth();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // A member that is paused does not hear that it is to end.
        foreach (var member in _members) member?.Signal(Native.SigCont);
        foreach (var member in _members) member?.Signal(Native.SigKill);
        foreach (var member in _members) member?.Dispose();
    }

    private static string InitialCluster => string.Join(',', Enumerable.Range(0, Count).Select(i => $"m{i}=http://127.0.0.1:{PeerPort(i)}"));

    private static int ClientPort(int member) => 2379 + (member * 100);

    private static int PeerPort(int member) => ClientPort(member) + 1;

    private string DataDir(int member) => Path.Combine(_lab.Folder, $"etcd-{_netns}-{_generation}-{member}");

    private string[] Client(string endpoints, ReadOnlySpan<string> args) => ["env", "ETCDCTL_API=3", "etcdctl", $"--endpoints={endpoints}", .. _options.ClientArguments, .. args];
}
