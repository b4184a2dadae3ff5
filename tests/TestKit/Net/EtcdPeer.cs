namespace Overlay.TestKit.Net;

/// <summary>A real etcd cluster of three members in one namespace, on client ports of their own.</summary>
public sealed class EtcdPeer : IDisposable
{
    private const int Members = 3;
    private readonly RunningProcess[] _members;
    private readonly string _netns;
    private readonly string _address;

    private EtcdPeer(NetLab lab, string netns, string address)
    {
        Requires.Tools("etcd", "etcdctl");
        _netns = netns;
        _address = address;
        var cluster = string.Join(',', Enumerable.Range(0, Members).Select(i => $"m{i}=http://127.0.0.1:{PeerPort(i)}"));
        _members = [.. Enumerable.Range(0, Members).Select(i => lab.Own(Cmd.Start(
            netns,
            null,
            "etcd",
            "--name", $"m{i}",
            "--data-dir", Path.Combine(lab.Folder, $"etcd-{netns}-{i}"),
            "--listen-client-urls", $"http://{address}:{ClientPort(i)}",
            "--advertise-client-urls", $"http://{address}:{ClientPort(i)}",
            "--listen-peer-urls", $"http://127.0.0.1:{PeerPort(i)}",
            "--initial-advertise-peer-urls", $"http://127.0.0.1:{PeerPort(i)}",
            "--initial-cluster", cluster,
            "--log-level", "error")))];
        Wait.Until(() => Ctl("endpoint", "health").Ok, TimeSpan.FromSeconds(30), "the cluster is healthy", () => string.Join('\n', _members.Select(static m => m.StdErr)));
    }

    /// <summary>Client URLs, as a YAML list.</summary>
    public string Endpoints => $"[{string.Join(", ", Enumerable.Range(0, Members).Select(i => $"\"http://{_address}:{ClientPort(i)}\""))}]";

    /// <summary>Starts it and waits until it is healthy.</summary>
    public static EtcdPeer Start(NetLab lab, string netns, string address) => lab.Own(new EtcdPeer(lab, netns, address));

    /// <summary>Runs the client, against all members.</summary>
    public CmdResult Ctl(params ReadOnlySpan<string> args) =>
        Cmd.Run(_netns, ["env", "ETCDCTL_API=3", "etcdctl", $"--endpoints={string.Join(',', Enumerable.Range(0, Members).Select(i => $"http://{_address}:{ClientPort(i)}"))}", .. args]);

    /// <summary>Ends a member hard.</summary>
    public void Kill(int member)
    {
        _members[member].Signal(Native.SigKill);
        _members[member].WaitForExit(TimeSpan.FromSeconds(10));
    }

    /// <inheritdoc/>
    public void Dispose() => Array.ForEach(_members, static m => m.Dispose());

    private static int ClientPort(int member) => 2379 + (member * 100);

    private static int PeerPort(int member) => ClientPort(member) + 1;
}
