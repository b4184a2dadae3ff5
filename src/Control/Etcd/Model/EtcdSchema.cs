using System.Globalization;
using System.Text;
using Overlay.Encap;

namespace Overlay.Control.Etcd.Model;

/// <summary>
/// Keys of version 1, all below <c>PREFIX v1/</c>. Each thing has exactly one spelling: numbers without leading zeros, MACs with colons in lower
/// case, addresses in their shortest form (RFC 5952). So two writers of a thing meet at one key, and the store's transactions decide between them.
/// </summary>
internal sealed class EtcdSchema
{
    /// <summary>Octets of a key at most, prefix included.</summary>
    public const int KeyLimit = 512;

    /// <summary>Characters of a VTEP's name at most.</summary>
    public const int NameLimit = 63;
    private readonly string _root;
    private readonly byte[] _rootOctets;

    public EtcdSchema(string prefix)
    {
        _root = prefix + "v1/";
        _rootOctets = Encoding.UTF8.GetBytes(_root);
    }

    /// <summary>All keys of this version.</summary>
    public string Root => _root;

    public string Vteps => _root + "vteps/";

    public string Moved(string name) => $"{_root}moved/{name}/";

    public string OfVni(Vni vni) => $"{_root}vnis/{vni.Value}/";

    public string Members(Vni vni) => $"{_root}vnis/{vni.Value}/members/";

    public string Text(in EtcdKey key) => key.Kind switch
    {
        EtcdKeyKind.Vtep => Vteps + key.Name,
        EtcdKeyKind.Member => Members(key.Vni) + key.Name,
        EtcdKeyKind.Mac => $"{_root}vnis/{key.Vni.Value}/macs/{key.Mac}",
        EtcdKeyKind.Neighbor => $"{_root}vnis/{key.Vni.Value}/neighbors/{key.Address}",
        EtcdKeyKind.Moved => $"{_root}moved/{key.Name}/{key.Vni.Value}/{key.Mac}",
        _ => throw new ArgumentOutOfRangeException(nameof(key)),
    };

    public byte[] Octets(in EtcdKey key) => Encoding.UTF8.GetBytes(Text(key));

    /// <summary>The first key that does not begin with a text that ends in a slash: the range end of a prefix.</summary>
    public static byte[] End(string prefix)
    {
        byte[] end = Encoding.UTF8.GetBytes(prefix);
        end[^1]++;
        return end;
    }

    /// <summary>Names that VTEPs may have: letters, digits, dots, underscores, hyphens; what <c>node.name</c> may be.</summary>
    public static bool IsName(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > NameLimit)
        {
            return false;
        }

        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A MAC in the one spelling of the schema, and of a station.</summary>
    public static bool TryParseMac(ReadOnlySpan<char> text, out MacAddress mac)
    {
        if (!MacAddress.TryParse(text, out mac) || mac.IsMulticast || mac.IsZero)
        {
            return false;
        }

        foreach (char c in text)
        {
            if (c is '-' or (>= 'A' and <= 'F'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Any octets; what is wrong with them.</summary>
    public EtcdFault Parse(ReadOnlySpan<byte> octets, out EtcdKey key)
    {
        key = default;
        if (octets.Length > KeyLimit)
        {
            return EtcdFault.TooLarge;
        }

        if (!octets.StartsWith(_rootOctets))
        {
            return EtcdFault.KeyOutsideSchema;
        }

        octets = octets[_rootOctets.Length..];
        Span<char> text = stackalloc char[KeyLimit];
        for (int i = 0; i < octets.Length; i++)
        {
            // Everything in the schema is ASCII.
            if (octets[i] is < 0x21 or > 0x7E)
            {
                return octets[i] > 0x7E && !System.Text.Unicode.Utf8.IsValid(octets) ? EtcdFault.NotUtf8 : EtcdFault.KeyOutsideSchema;
            }

            text[i] = (char)octets[i];
        }

        text = text[..octets.Length];
        Span<Range> parts = stackalloc Range[6];
        int count = ((ReadOnlySpan<char>)text).Split(parts, '/');
        ReadOnlySpan<char> first = text[parts[0]];
        if (count == 2 && first is "vteps")
        {
            ReadOnlySpan<char> name = text[parts[1]];
            return IsName(name) ? Ok(EtcdKey.OfVtep(new string(name)), out key) : EtcdFault.BadVtep;
        }

        if (count == 4 && first is "vnis")
        {
            if (!TryParseVni(text[parts[1]], out Vni vni))
            {
                return EtcdFault.BadVni;
            }

            ReadOnlySpan<char> last = text[parts[3]];
            switch ((ReadOnlySpan<char>)text[parts[2]])
            {
                case "members":
                    return IsName(last) ? Ok(EtcdKey.OfMember(vni, new string(last)), out key) : EtcdFault.BadVtep;
                case "macs":
                    return TryParseMac(last, out MacAddress mac) ? Ok(EtcdKey.OfMac(vni, mac), out key) : EtcdFault.BadMac;
                case "neighbors":
                    string address = new(last);
                    return UnderlayAddress.TryParse(address, out UnderlayAddress parsed) && parsed.IsUnicast && parsed.ToString() == address
                        ? Ok(EtcdKey.OfNeighbor(vni, parsed), out key)
                        : EtcdFault.BadAddress;
            }
        }

        if (count == 4 && first is "moved")
        {
            return !IsName(text[parts[1]]) ? EtcdFault.BadVtep
                : !TryParseVni(text[parts[2]], out Vni vni) ? EtcdFault.BadVni
                : !TryParseMac(text[parts[3]], out MacAddress mac) ? EtcdFault.BadMac
                : Ok(EtcdKey.OfMoved(new string(text[parts[1]]), vni, mac), out key);
        }

        return EtcdFault.KeyOutsideSchema;
    }

    private static bool TryParseVni(ReadOnlySpan<char> text, out Vni vni)
    {
        vni = default;
        return text is not ['0', _, ..] && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && Vni.TryCreate(value, out vni);
    }

    private static EtcdFault Ok(in EtcdKey value, out EtcdKey key)
    {
        key = value;
        return EtcdFault.None;
    }
}
