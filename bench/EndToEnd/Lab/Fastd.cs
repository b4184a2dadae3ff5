using System.Globalization;
using System.Text;
using Overlay.TestKit.Net;

namespace Overlay.EndToEnd.Lab;

/// <summary>
/// fastd on TAPs with the method "null": no encryption, no authentication of data. A peer is a key and so a process: the 16 VTEPs of the far host are
/// 16 processes with a TAP each.
/// </summary>
internal sealed class Fastd : IContender
{
    private const int UdpPort = 10_000;

    /// <inheritdoc/>
    public string Name => "fastd";

    /// <inheritdoc/>
    public string Description => "fastd, TAP, method null";

    // Inner Ethernet 14, fastd's own header 1, UDP 8, IPv4 20.
    /// <inheritdoc/>
    public int Overhead => 43;

    /// <inheritdoc/>
    public IReadOnlyList<Row> RowsOn(Wire wire) => wire == Wire.Veth ? [Row.Tcp1, Row.Udp64, Row.Flows, Row.Mixed, Row.Rtt, Row.Loaded] : [];

    /// <inheritdoc/>
    public IReadOnlyList<int> Join(TwoHosts hosts)
    {
        var near = new Node(hosts.Vteps(Side.Near)[0], MakeKey(hosts, "near"));
        var far = hosts.Vteps(Side.Far).Select((address, i) => new Node(address, MakeKey(hosts, Device(i)))).ToArray();
        List<int> processes = [Start(hosts, Side.Near, Address.Port, near, far)];
        for (var i = 0; i < far.Length; i++) processes.Add(Start(hosts, Side.Far, Device(i), far[i], near));
        foreach (var side in Enum.GetValues<Side>())
            Wait.Until(() => NetLab.HasDevice(hosts.Host(side), Address.Port), TimeSpan.FromSeconds(10), $"fastd's device on {hosts.Host(side)}");
        return processes;
    }

    /// <inheritdoc/>
    public void AddFarMacs(TwoHosts hosts)
    {
        var far = hosts.Host(Side.Far);
        for (var i = 0; i < Address.FarVteps; i++)
        {
            // The first VTEP's device has the host's own MAC already and is a macvlan's parent like anybody's; the others have devices of their own.
            var device = i == 0 ? "mv0" : Device(i);
            if (i == 0) NetLab.Ip(far, "link", "add", device, "link", Address.Port, "type", "macvlan", "mode", "private");
            Wait.Until(() => NetLab.HasDevice(far, device), TimeSpan.FromSeconds(10), $"fastd's device {device}");
            NetLab.Ip(far, "link", "set", device, "address", Address.FarMac(i));
            NetLab.Ip(far, "link", "set", device, "mtu", hosts.Mtu.ToString(CultureInfo.InvariantCulture), "up");
            NetLab.Address(far, device, Address.FarTenant(i) + "/32");
            // fastd knows which peer has a MAC once it has seen a frame of it.
            NetLab.Ip(far, "neigh", "replace", Address.Tenant(Side.Near), "lladdr", Address.Mac(Side.Near), "dev", device, "nud", "permanent");
            Wait.Until(() => Cmd.Run(far, "ping", "-c", "1", "-W", "1", "-I", device, Address.Tenant(Side.Near)) is not null && Learned(hosts, i), TimeSpan.FromSeconds(20), $"near learns {Address.FarMac(i)}");
        }
    }

    private static bool Learned(TwoHosts hosts, int index) => Cmd.Run(hosts.Host(Side.Near), "ping", "-c", "1", "-W", "1", Address.FarTenant(index)).Ok;

    private static string Device(int index) => index == 0 ? Address.Port : string.Create(CultureInfo.InvariantCulture, $"fd{index}");

    private static Key MakeKey(TwoHosts hosts, string name)
    {
        var secret = Cmd.Run(null, "fastd", "--generate-key", "--machine-readable").OrThrow().StdOut.Trim();
        var file = Path.Combine(hosts.Lab.Folder, $"{name}.key");
        File.WriteAllText(file, $"secret \"{secret}\";\n");
        return new Key(secret, Cmd.Run(null, "fastd", "-c", file, "--show-key", "--machine-readable").OrThrow().StdOut.Trim());
    }

    private static int Start(TwoHosts hosts, Side side, string device, Node own, params ReadOnlySpan<Node> peers)
    {
        var text = new StringBuilder();
        text.Append(
            CultureInfo.InvariantCulture,
            $"mode tap;\ninterface \"{device}\";\nmethod \"null\";\nmtu {hosts.Mtu};\nbind {own.Address}:{UdpPort};\nlog level warn;\nsecret \"{own.Key.Secret}\";\n");
        for (var i = 0; i < peers.Length; i++)
            text.Append(CultureInfo.InvariantCulture, $"peer \"p{i}\" {{ key \"{peers[i].Key.Public}\"; remote {peers[i].Address}:{UdpPort}; }}\n");
        var file = Path.Combine(hosts.Lab.Folder, $"{Names.Of(side)}-{device}.conf");
        File.WriteAllText(file, text.ToString());
        return hosts.Lab.Own(Cmd.Start(hosts.Host(side), null, "fastd", "-c", file)).Pid;
    }

    private sealed record Key(string Secret, string Public);

    private sealed record Node(string Address, Key Key);
}
