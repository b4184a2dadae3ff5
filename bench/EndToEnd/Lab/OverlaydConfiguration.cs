using System.Globalization;
using System.Text;

namespace Overlay.EndToEnd.Lab;

/// <summary>Configuration files for overlayd.</summary>
internal static class OverlaydConfiguration
{
    /// <summary>The end of the veth that overlayd opens where its port is one.</summary>
    public const string VethEnd = "ov0-d";

    /// <summary>The file of one host, without the sections <c>admin</c> and <c>state</c>.</summary>
    public static string Write(OverlaydVariant variant, Side side, Layout layout, IReadOnlyList<string> local, IReadOnlyList<string> remote, int mtu)
    {
        var text = new StringBuilder();
        var port = variant.Veth
            ? $"veth: {VethEnd}"
            : string.Create(CultureInfo.InvariantCulture, $"tap: {Address.Port}, mac: \"{Address.Mac(side)}\"");
        text.Append(CultureInfo.InvariantCulture, $"node: {{ name: {Names.Of(side)}, local: [{Quoted(local)}] }}\n");
        text.Append("log: { level: warning }\n");
        if (variant.Spin is { } spin) text.Append(CultureInfo.InvariantCulture, $"workers: {{ spin: {spin} }}\n");
        text.Append(CultureInfo.InvariantCulture, $"ports: {{ tenant: {{ {port}, mtu: {mtu}{(variant.Options ? ", identity: 7" : "")} }} }}\n");
        text.Append(CultureInfo.InvariantCulture, $"vnis: [ {{ id: {Address.Vni}, ports: [tenant]{(variant.Options ? ", policy: { id: 17 }" : "")} }} ]\n");
        text.Append("peers:\n");
        for (var i = 0; i < remote.Count; i++)
            text.Append(CultureInfo.InvariantCulture, $"  - {{ name: vtep{i}, addresses: [{Quoted([remote[i]])}], encap: {variant.Encap}, vnis: [{Address.Vni}] }}\n");
        if (layout == Layout.Many && remote.Count == Address.FarVteps)
        {
            text.Append("macs:\n");
            Mac(Address.Mac(Side.Far), 0);
            for (var i = 0; i < remote.Count; i++) Mac(Address.FarMac(i), i);
        }

        return text.ToString();

        void Mac(string mac, int peer) =>
            text.Append(CultureInfo.InvariantCulture, $"  - {{ vni: {Address.Vni}, mac: \"{mac}\", peer: vtep{peer} }}\n");
    }

    private static string Quoted(IReadOnlyList<string> addresses) => string.Join(", ", addresses.Select(a => $"\"{a}\""));
}
