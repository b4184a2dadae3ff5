using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Overlay.Cli.Support;

/// <summary>
/// Puts others in the place of MACs, IP addresses and the host's name: the same one gets the same one throughout a bundle, so that what belongs together can still be seen.
/// Addresses that say nothing of whom they belong to (loopback, unspecified, masks, groups, link scope) stay. Not for use by several threads.
/// </summary>
/// <param name="hostNames">Names of this host.</param>
internal sealed partial class Anonymizer(IReadOnlyList<string> hostNames)
{
    private readonly Dictionary<string, string> _names = new(StringComparer.OrdinalIgnoreCase);
    private int _macs;
    private int _ipv4;
    private int _ipv6;

    public string Anonymize(string text)
    {
        string clean = Sample().Replace(text, "${key}" + Redactor.Mark);
        clean = Mac().Replace(clean, m => MacOf(m.Value));
        clean = IPv4().Replace(clean, m => IPv4Of(m.Value));
        clean = IPv6().Replace(clean, m => IPv6Of(m.Value));
        foreach (string name in hostNames.Where(name => name.Length > 1)) clean = Regex.Replace(clean, $@"(?<![A-Za-z0-9_-]){Regex.Escape(name)}(?![A-Za-z0-9_-])", "this-host", RegexOptions.None, TimeSpan.FromSeconds(2));
        return clean;
    }

    private string MacOf(string mac)
    {
        string plain = mac.ToLowerInvariant();
        bool isGroup = (byte.Parse(plain.AsSpan(0, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & 1) != 0;
        if (isGroup || plain == "00:00:00:00:00:00") return mac;
        return Of(plain, () => $"02:ff:ff:{++_macs >> 16 & 255:x2}:{_macs >> 8 & 255:x2}:{_macs & 255:x2}");
    }

    private string IPv4Of(string text)
    {
        if (!IPAddress.TryParse(text, out IPAddress? address) || address.AddressFamily != AddressFamily.InterNetwork) return text;
        byte first = address.GetAddressBytes()[0];
        if (first is 0 or 127 or >= 224) return text;
        return Of(text, () => $"198.18.{++_ipv4 >> 8 & 255}.{_ipv4 & 255}");
    }

    private string IPv6Of(string text)
    {
        if (!text.Contains("::", StringComparison.Ordinal) && text.Count(c => c == ':') != 7) return text;
        if (!IPAddress.TryParse(text, out IPAddress? address) || address.AddressFamily != AddressFamily.InterNetworkV6) return text;
        if (address.IsIPv6Multicast || IPAddress.IsLoopback(address) || address.Equals(IPAddress.IPv6Any)) return text;

        // Its second half is a MAC as a rule.
        return Of(address.ToString(), () => address.IsIPv6LinkLocal ? $"fe80::ff{++_ipv6:x}" : $"2001:db8:ffff::{++_ipv6:x}");
    }

    private string Of(string key, Func<string> make)
    {
        if (!_names.TryGetValue(key, out string? name)) _names[key] = name = make();
        return name;
    }

    [GeneratedRegex(@"(?<![0-9A-Fa-f:])[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}(?![0-9A-Fa-f:])", RegexOptions.None, 10_000)]
    private static partial Regex Mac();

    [GeneratedRegex(@"(?<![0-9A-Za-z.:])\d{1,3}(?:\.\d{1,3}){3}(?![0-9A-Za-z.])", RegexOptions.None, 10_000)]
    private static partial Regex IPv4();

    [GeneratedRegex(@"(?<![0-9A-Za-z:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![0-9A-Za-z:])", RegexOptions.None, 10_000)]
    private static partial Regex IPv6();

    [GeneratedRegex(@"(?<key>""hex"":\s*"")[0-9a-fA-F]*", RegexOptions.None, 10_000)]
    private static partial Regex Sample();
}
