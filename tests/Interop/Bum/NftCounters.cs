using System.Globalization;
using System.Text;
using Overlay.TestKit.Net;

namespace Overlay.Interop.Bum;

/// <summary>Named nftables counters at the ingress of devices of one namespace: what arrived, by the kernel's word and not by a daemon's.</summary>
internal sealed class NftCounters
{
    private readonly string _netns;

    /// <summary>Installs counters; each is a name, the device whose ingress it watches, and what it matches.</summary>
    internal NftCounters(string netns, IEnumerable<(string Name, string Device, string Match)> counters)
    {
        Requires.Tools("nft");
        _netns = netns;
        var all = counters.ToArray();
        var script = new StringBuilder("table netdev c {\n");
        foreach (var name in all.Select(c => c.Name).Distinct(StringComparer.Ordinal)) script.Append(CultureInfo.InvariantCulture, $"  counter {name} {{ }}\n");
        foreach (var device in all.GroupBy(c => c.Device, StringComparer.Ordinal))
        {
            script.Append(CultureInfo.InvariantCulture, $"  chain {device.Key} {{\n    type filter hook ingress device \"{device.Key}\" priority 0\n");
            foreach (var (name, _, match) in device) script.Append(CultureInfo.InvariantCulture, $"    {match} counter name \"{name}\"\n");
            script.Append("  }\n");
        }

        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, script.Append("}\n").ToString());
            var result = Cmd.Run(netns, "nft", "-f", file);
            if (!result.Ok && result.StdErr.Contains("not supported", StringComparison.OrdinalIgnoreCase)) throw new SkipTestException("the kernel has no nftables at ingress");
            result.OrThrow();
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Packets counted, by name.</summary>
    internal IReadOnlyDictionary<string, long> Read() => System.Text.Json.Nodes.JsonNode.Parse(Cmd.Run(_netns, "nft", "-j", "list", "counters").OrThrow().StdOut)!["nftables"]!.AsArray()
        .Select(entry => entry!["counter"]).OfType<System.Text.Json.Nodes.JsonNode>()
        .ToDictionary(counter => (string)counter["name"]!, counter => (long)counter["packets"]!, StringComparer.Ordinal);
}
