using System.Globalization;
using System.Net;

namespace Overlay.Cli.Lab;

/// <summary>Names and addresses of a lab, all derived from its name and the host's number.</summary>
internal static class LabPlan
{
    public const string DefaultName = "ovl";
    public const int Vni = 100;
    public const int MaxVteps = 8;
    public const int OverlayPrefixV4 = 24;
    public const int OverlayPrefixV6 = 64;
    public const int UnderlayMtu = 1500;
    public const string UnderlayDevice = "eth0";

    /// <summary>Letters and digits, beginning with a letter, eight at most: it becomes part of namespace and directory names.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= 8 && char.IsAsciiLetterLower(name[0]) && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c));

    public static string Netns(string lab, string vtep) => $"{lab}-{vtep}";

    public static string VtepName(int index) => ((char)('a' + index)).ToString();

    public static string WireNetns(string lab) => $"{lab}-wire";

    /// <summary>Every namespace a lab of this name can have.</summary>
    public static IEnumerable<string> AllNetns(string lab)
    {
        for (int i = 0; i < MaxVteps; i++) yield return Netns(lab, VtepName(i));
        yield return WireNetns(lab);
    }

    public static int UnderlayPrefix(string underlay) => underlay == "ipv6" ? 64 : 24;

    public static LabVtep Vtep(LabStore store, string underlay, int index)
    {
        string name = VtepName(index);
        string directory = store.VtepDirectory(name);
        string number = (index + 1).ToString(CultureInfo.InvariantCulture);
        return new LabVtep
        {
            Name = name,
            Netns = Netns(store.Name, name),
            UnderlayAddress = (underlay == "ipv6" ? "2001:db8::" : "192.0.2.") + number,
            OverlayV4 = "10.90.0." + number,
            OverlayV6 = "fd90::" + number,
            Tap = "tap-" + name,
            Socket = Path.Combine(directory, "overlayd.sock"),
            Config = Path.Combine(directory, "overlayd.yaml"),
            Log = Path.Combine(directory, "overlayd.log"),
        };
    }

    /// <summary>The configuration of one host: itself, one port, one VNI, every other host as a static peer.</summary>
    public static string Configuration(LabState lab, LabVtep vtep)
    {
        StringWriter yaml = new(CultureInfo.InvariantCulture) { NewLine = "\n" };
        yaml.WriteLine("# Written by 'overlayctl lab up'; gone with 'overlayctl lab down'.");
        yaml.WriteLine($"node:   {{ name: {vtep.Name}, local: [{Scalar(vtep.UnderlayAddress)}] }}");
        yaml.WriteLine($"admin:  {{ socket: {vtep.Socket} }}");
        yaml.WriteLine($"state:  {{ directory: {Path.Combine(Path.GetDirectoryName(vtep.Config) ?? "/", "state")} }}");
        yaml.WriteLine("ports:");
        yaml.WriteLine($"  lab: {{ tap: {vtep.Tap} }}");
        yaml.WriteLine("vnis:");
        yaml.WriteLine($"  - {{ id: {Vni}, ports: [lab] }}");
        yaml.WriteLine("peers:");
        foreach (LabVtep peer in lab.Vteps)
        {
            if (peer.Name == vtep.Name) continue;
            yaml.WriteLine($"  - {{ name: {peer.Name}, addresses: [{Scalar(peer.UnderlayAddress)}], encap: {lab.Encap}, vnis: [{Vni}] }}");
        }

        return yaml.ToString();
    }

    private static string Scalar(string address) => IPAddress.Parse(address).ToString() is var text && text.Contains(':', StringComparison.Ordinal) ? $"\"{text}\"" : text;
}
