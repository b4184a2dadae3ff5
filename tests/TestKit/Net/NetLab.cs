using System.Globalization;

namespace Overlay.TestKit.Net;

/// <summary>
/// Network namespaces for one test, under names nobody else has. Disposing it ends what was registered and what still runs in the namespaces,
/// by pid, and removes all of them. Left-overs of a test run that was killed are removed when the next one makes its first lab.
/// </summary>
public sealed class NetLab : IDisposable
{
    private static readonly Lock Gate = new();
    private static readonly List<NetLab> Live = [];
    private static readonly HashSet<string> Swept = new(StringComparer.Ordinal);
    private static int _next;

    private readonly string _prefix;
    private readonly List<string> _namespaces = [];
    private readonly Stack<IDisposable> _owned = new();
    private int _links;
    private bool _disposed;

    /// <summary>An empty lab with a folder of its own. The names of its namespaces begin with <paramref name="family"/> and the process id.</summary>
    public NetLab(string family = "ovt")
    {
        Requires.Tools("ip", "ethtool");
        lock (Gate)
        {
            if (Swept.Count == 0) AppDomain.CurrentDomain.ProcessExit += (_, _) => DisposeAll();
            if (Swept.Add(family)) Sweep(family);

            Live.Add(this);
            _prefix = string.Create(CultureInfo.InvariantCulture, $"{family}-{Environment.ProcessId}-{++_next}");
        }

        Folder = Path.Combine(Path.GetTempPath(), _prefix);
        Directory.CreateDirectory(Folder);
    }

    /// <summary>A private folder for sockets, configurations and captures; removed with the lab.</summary>
    public string Folder { get; }

    /// <summary>Registers something to be disposed with the lab, before the namespaces go, last in first out.</summary>
    public T Own<T>(T item)
        where T : IDisposable
    {
        _owned.Push(item);
        return item;
    }

    /// <summary>Makes a namespace and returns its full name. IPv6 is on, <c>lo</c> is up, reverse-path filters are off.</summary>
    public string AddHost(string name)
    {
        var ns = $"{_prefix}-{name}";
        Cmd.Run(null, "ip", "netns", "add", ns).OrThrow();
        _namespaces.Add(ns);
        Ip(ns, "link", "set", "lo", "up");
        Sysctl(ns, "net/ipv4/conf/all/rp_filter", "0");
        Sysctl(ns, "net/ipv4/conf/default/rp_filter", "0");
        Sysctl(ns, "net/ipv6/conf/all/accept_dad", "0");
        Sysctl(ns, "net/ipv6/conf/default/accept_dad", "0");
        // Neighbour discovery and MLD of the namespaces themselves would move counters that tests compare exactly.
        Sysctl(ns, "net/ipv6/conf/default/router_solicitations", "0");
        return ns;
    }

    /// <summary>Devices made from now on in <paramref name="ns"/> get no IPv6 address and so send nothing of their own.</summary>
    public static void SilenceNewDevices(string ns) => Sysctl(ns, "net/ipv6/conf/default/disable_ipv6", "1");

    /// <summary>
    /// Joins two namespaces by a veth pair whose ends are up. Offloads are off, so that captures show real checksums and every frame fits the MTU;
    /// with <paramref name="offloads"/> they stay as the kernel makes them: unfinished checksums and super-frames.
    /// </summary>
    public static void Join(string a, string deviceA, string b, string deviceB, int mtu = 1500, bool offloads = false)
    {
        Cmd.Run(null, "ip", "link", "add", deviceA, "netns", a, "type", "veth", "peer", "name", deviceB, "netns", b).OrThrow();
        foreach (var (ns, device) in new[] { (a, deviceA), (b, deviceB) })
        {
            if (!offloads) PlainDevice(ns, device);
            Ip(ns, "link", "set", device, "mtu", mtu.ToString(CultureInfo.InvariantCulture), "up");
        }
    }

    /// <summary>A switch: a namespace with a bridge, to which <see cref="Plug"/> joins hosts.</summary>
    public string AddSwitch(string name, int mtu = 1500)
    {
        var ns = AddHost(name);
        SilenceNewDevices(ns);
        Ip(ns, "link", "add", "br0", "type", "bridge");
        Ip(ns, "link", "set", "br0", "mtu", mtu.ToString(CultureInfo.InvariantCulture), "up");
        return ns;
    }

    /// <summary>Joins <paramref name="host"/> to a switch by a device of the given name.</summary>
    public void Plug(string @switch, string host, string device, int mtu = 1500)
    {
        var port = string.Create(CultureInfo.InvariantCulture, $"p{++_links}");
        Join(@switch, port, host, device, mtu);
        Ip(@switch, "link", "set", port, "master", "br0");
    }

    /// <summary>Gives a device an address in CIDR form; IPv6 without duplicate address detection.</summary>
    public static void Address(string ns, string device, params ReadOnlySpan<string> cidrs)
    {
        foreach (var cidr in cidrs)
        {
            if (cidr.Contains(':', StringComparison.Ordinal)) Ip(ns, "addr", "add", cidr, "dev", device, "nodad");
            else Ip(ns, "addr", "add", cidr, "dev", device);
        }
    }

    /// <summary>Runs <c>ip -n NS …</c> and throws if it fails.</summary>
    public static CmdResult Ip(string ns, params ReadOnlySpan<string> args) => Cmd.Run(null, ["ip", "-n", ns, .. args]).OrThrow();

    /// <summary>Writes a sysctl of a namespace; the path uses slashes.</summary>
    public static void Sysctl(string ns, string path, string value) => NetNs.Run(ns, () => File.WriteAllText($"/proc/sys/{path}", value));

    /// <summary>Turns offloads off. What the device cannot do is ignored.</summary>
    public static void PlainDevice(string ns, string device) =>
        Cmd.Run(ns, "ethtool", "-K", device, "tx", "off", "tso", "off", "gso", "off", "gro", "off", "sg", "off");

    /// <summary>The MAC of a device.</summary>
    public static string MacOf(string ns, string device)
    {
        var words = Ip(ns, "-o", "link", "show", "dev", device).StdOut.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words[Array.IndexOf(words, "link/ether") + 1];
    }

    /// <summary>Whether a device exists.</summary>
    public static bool HasDevice(string ns, string device) => Cmd.Run(null, "ip", "-n", ns, "link", "show", "dev", device).Ok;

    /// <summary>A counter of <c>/proc/net/snmp</c> or <c>snmp6</c> of a namespace: <c>Udp InCsumErrors</c> or <c>Udp6InCsumErrors</c>.</summary>
    public static long Snmp(string ns, string group, string name) => NetNs.Run(ns, () =>
    {
        if (group.Length == 0)
        {
            return File.ReadLines("/proc/thread-self/net/snmp6").Select(l => l.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
                .Where(w => w[0] == name).Select(w => long.Parse(w[1], CultureInfo.InvariantCulture)).Single();
        }

        var rows = File.ReadLines("/proc/thread-self/net/snmp").Where(l => l.StartsWith(group + ":", StringComparison.Ordinal)).Select(l => l.Split(' ')).ToArray();
        return long.Parse(rows[1][Array.IndexOf(rows[0], name)], CultureInfo.InvariantCulture);
    });

    /// <summary>Pings once a call until an answer comes.</summary>
    public static void WaitForPing(string ns, string address, TimeSpan? limit = null) =>
        Wait.Until(() => Cmd.Run(ns, "ping", "-c", "1", "-W", "1", address).Ok, limit ?? TimeSpan.FromSeconds(10), $"{ns} pings {address}");

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        List<Exception> failures = [];
        while (_owned.TryPop(out var item))
        {
            try
            {
                item.Dispose();
            }
            catch (Exception e)
            {
                failures.Add(e);
            }
        }

        foreach (var ns in Enumerable.Reverse(_namespaces)) Remove(ns);
        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch (IOException)
        {
            // A process that was just killed may still have held a file; the folder is in the temporary directory.
        }

        lock (Gate) Live.Remove(this);
        if (failures.Count > 0) throw new AggregateException(failures);
    }

    private static void DisposeAll()
    {
        NetLab[] left;
        lock (Gate) left = [.. Live];
        foreach (var lab in left)
        {
            try
            {
                lab.Dispose();
            }
            catch (Exception)
            {
                // The process ends; what is left is swept by the next run.
            }
        }
    }

    private static void Sweep(string family)
    {
        foreach (var line in Cmd.Run(null, "ip", "netns", "list").StdOut.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var ns = line.Split(' ')[0];
            var parts = ns.Split('-');
            if (parts.Length < 4 || parts[0] != family || !int.TryParse(parts[1], out var pid) || Directory.Exists($"/proc/{pid}")) continue;
            Remove(ns);
        }
    }

    private static void Remove(string ns)
    {
        foreach (var signal in new[] { Native.SigTerm, Native.SigKill })
        {
            var pids = Pids(ns);
            if (pids.Length == 0) break;
            foreach (var pid in pids) _ = Native.kill(pid, signal);
            Wait.TryUntil(() => Pids(ns).Length == 0, TimeSpan.FromSeconds(3));
        }

        Cmd.Run(null, "ip", "netns", "del", ns);
    }

    private static int[] Pids(string ns) =>
        [.. Cmd.Run(null, "ip", "netns", "pids", ns).StdOut.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(s => int.Parse(s, CultureInfo.InvariantCulture))
            .Where(pid => pid != Environment.ProcessId)];
}
