using System.Buffers;
using System.Globalization;
using System.Text;
using Overlay.Encap;
using Overlay.Host.Configuration.Yaml;

namespace Overlay.Host.Configuration;

/// <summary>Values of single nodes. Each member notes its own error and answers null after one.</summary>
public static class Scalars
{
    private static readonly (string Suffix, double Milliseconds)[] Units =
        [("us", 0.001), ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];

    /// <summary>A whole number, decimal or with 0x, within bounds.</summary>
    public static long? Number(ProblemList problems, YamlNode node, string path, long min, long max, string? keyword = null, bool mayBeQuoted = false)
    {
        var expected = keyword is null ? $"a whole number from {min} to {max}" : $"{keyword}, or a whole number from {min} to {max}";
        if (node is not YamlScalar scalar)
        {
            problems.Error(node, path, $"expected {expected}, found {node.Kind}");
            return null;
        }

        if (!(scalar.IsPlain || mayBeQuoted) || !TryWhole(scalar.Value, out var value))
        {
            var hint = !scalar.IsPlain && TryWhole(scalar.Value, out _) ? ": remove the quotes" : "";
            problems.Error(node, path, $"expected {expected}, found '{KeyPath.Printable(scalar.Value)}'{hint}");
            return null;
        }

        if (value < min || value > max)
        {
            problems.Error(node, path, $"expected {expected}, found {KeyPath.Printable(scalar.Value)}");
            return null;
        }

        return (long)value;
    }

    /// <summary>A unicast MAC that is not zero.</summary>
    public static MacAddress? Mac(ProblemList problems, YamlNode node, string path)
    {
        if (node is not YamlScalar scalar || !MacAddress.TryParse(scalar.Value, out var mac))
        {
            problems.Error(node, path, $"expected a MAC such as \"02:00:00:00:00:02\", found {Shown(node)}");
            return null;
        }

        if (mac.IsZero || mac.IsMulticast)
        {
            problems.Error(node, path, mac.IsZero
                ? "the zero MAC belongs to nobody: expected a unicast MAC"
                : $"{mac} is a {(mac.IsBroadcast ? "broadcast" : "multicast")} address, which is never a station's: expected a unicast MAC (second hexadecimal digit even)");
            return null;
        }

        return mac;
    }

    /// <summary>An address that a VTEP can have.</summary>
    public static UnderlayAddress? VtepAddress(ProblemList problems, YamlNode node, string path)
    {
        if (node is not YamlScalar scalar)
        {
            problems.Error(node, path, $"expected an IPv4 or IPv6 address, found {node.Kind}");
            return null;
        }

        var text = scalar.Value;
        if (UnderlayAddress.IsV4MappedText(text))
        {
            problems.Error(node, path, $"{text} is an IPv4-mapped IPv6 address, which never appears on the wire: write the IPv4 address {text[(text.LastIndexOf(':') + 1)..]}");
            return null;
        }

        if (!UnderlayAddress.TryParse(text, out var address, out var zone))
        {
            problems.Error(node, path, $"expected an IPv4 or IPv6 address, found {Shown(node)}{(text.Contains('/', StringComparison.Ordinal) ? ": leave the prefix length out" : "")}");
            return null;
        }

        if (!address.IsUnicast)
        {
            problems.Error(node, path, $"{text} is {(address.IsMulticast ? "a multicast" : address.IsBroadcast ? "a broadcast" : "the unspecified")} address: a VTEP has a unicast address");
            return null;
        }

        return WithZone(problems, node, path, address, zone);
    }

    /// <summary>A tenant's address: any unicast one, without a zone.</summary>
    public static UnderlayAddress? TenantAddress(ProblemList problems, YamlNode node, string path)
    {
        if (node is not YamlScalar scalar || UnderlayAddress.IsV4MappedText(scalar.Value) || !UnderlayAddress.TryParse(scalar.Value, out var address) || !address.IsUnicast)
        {
            problems.Error(node, path, $"expected a unicast IPv4 or IPv6 address, found {Shown(node)}");
            return null;
        }

        return address;
    }

    /// <summary>A prefix of outer sources.</summary>
    public static UnderlayPrefix? Prefix(ProblemList problems, YamlNode node, string path)
    {
        if (node is YamlScalar scalar && UnderlayAddress.IsV4MappedText(scalar.Value.Split('/')[0]))
        {
            problems.Error(node, path, "an IPv4-mapped IPv6 prefix never matches: write it as IPv4");
            return null;
        }

        if (node is not YamlScalar { Value: var text } || !UnderlayPrefix.TryParse(text, out var prefix))
        {
            problems.Error(node, path, $"expected a prefix such as 192.0.2.0/24 or 2001:db8::/32 without bits behind its length, found {Shown(node)}");
            return null;
        }

        return prefix;
    }

    /// <summary>What is wrong with a name, or null.</summary>
    public static string? NameFault(string text, int max) =>
        text.Length == 0 || text.Length > max || text.AsSpan().ContainsAnyExcept(NameCharacters)
            ? $"expected a name of 1 to {max} letters, digits, '.', '_' or '-', found '{KeyPath.Printable(text)}'"
            : null;

    /// <summary>What is wrong with a device name (Linux, dev_valid_name), or null.</summary>
    public static string? DeviceFault(string text) =>
        text is "" or "." or ".." ? $"'{text}' is not a device name"
        : Encoding.UTF8.GetByteCount(text) > 15 ? $"'{KeyPath.Printable(text)}' has {Encoding.UTF8.GetByteCount(text)} octets, a device name has at most 15: shorten it"
        : text.Any(c => c is '/' or ':' or '%' || c >= 0x7f || char.IsWhiteSpace(c) || char.IsControl(c))
            ? $"'{KeyPath.Printable(text)}' is not a device name: no blanks, '/', ':' or '%'"
            : null;

    /// <summary>Digits with a unit.</summary>
    public static bool TryDuration(string text, out TimeSpan value)
    {
        value = default;
        var digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        if (digits is <= 0 or > 9)
        {
            return false;
        }

        var suffix = text.AsSpan(digits);
        foreach (var (unit, milliseconds) in Units)
        {
            if (suffix.SequenceEqual(unit))
            {
                value = TimeSpan.FromTicks((long)(long.Parse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture) * milliseconds * TimeSpan.TicksPerMillisecond));
                return true;
            }
        }

        return false;
    }

    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    private static UnderlayAddress? WithZone(ProblemList problems, YamlNode node, string path, UnderlayAddress address, string? zone)
    {
        if (zone is null)
        {
            if (!address.IsLinkLocal || address.IsIPv4)
            {
                return address;
            }

            problems.Error(node, path, $"{address} is link-local and means nothing without its interface: write {address}%eth0");
            return null;
        }

        // The kernel's own table, without opening a socket or listing all devices.
        if (DeviceFault(zone) is null && uint.TryParse(TryReadFirstLine($"/sys/class/net/{zone}/ifindex"), NumberStyles.None, CultureInfo.InvariantCulture, out var index))
        {
            return address.WithScope(index);
        }

        problems.Error(node, path, $"there is no interface '{KeyPath.Printable(zone)}' here. Run: ip -br link");
        return null;
    }

    private static string? TryReadFirstLine(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // A number as an operator writes it. A leading zero means octal to some YAML readers and nothing to others: refused.
    private static bool TryWhole(string text, out Int128 value)
    {
        value = 0;
        if (text.StartsWith("0x", StringComparison.Ordinal))
        {
            var fits = ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex);
            value = hex;
            return fits;
        }

        var digits = text.AsSpan(text.StartsWith('-') ? 1 : 0);
        return !(digits.Length > 1 && digits[0] == '0') && digits.Length is > 0 and <= 30 &&
            Int128.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }

    private static string Shown(YamlNode node) => node is YamlScalar scalar ? $"'{KeyPath.Printable(scalar.Value)}'" : node.Kind;
}
