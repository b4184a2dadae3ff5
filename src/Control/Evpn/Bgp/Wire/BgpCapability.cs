using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>A capability as it stands in OPEN (RFC 5492 §4).</summary>
/// <param name="Code">The code.</param>
/// <param name="Value">The value, 0–255 octets; owned.</param>
public readonly record struct BgpCapability(byte Code, ReadOnlyMemory<byte> Value)
{
    /// <summary>Multiprotocol extensions (RFC 4760 §8).</summary>
    public const byte Multiprotocol = 1;

    /// <summary>Route refresh (RFC 2918).</summary>
    public const byte RouteRefresh = 2;

    /// <summary>Extended messages (RFC 8654).</summary>
    public const byte ExtendedMessage = 6;

    /// <summary>Graceful restart (RFC 4724).</summary>
    public const byte GracefulRestart = 64;

    /// <summary>Four-octet AS numbers (RFC 6793).</summary>
    public const byte FourOctetAs = 65;

    /// <summary>Enhanced route refresh (RFC 7313).</summary>
    public const byte EnhancedRefresh = 70;

    /// <summary>Host and domain name (draft-walton-bgp-hostname-capability).</summary>
    public const byte Fqdn = 73;

    /// <summary>A capability without a value.</summary>
    public static BgpCapability Of(byte code) => new(code, default);

    /// <summary>A family.</summary>
    public static BgpCapability OfFamily(ushort afi, byte safi) => new(Multiprotocol, new byte[] { (byte)(afi >> 8), (byte)afi, 0, safi });

    /// <summary>A four-octet AS number.</summary>
    public static BgpCapability OfAs(uint number)
    {
        byte[] value = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(value, number);
        return new BgpCapability(FourOctetAs, value);
    }

    /// <summary>A host name.</summary>
    /// <param name="host">Host name; cut to 64 octets of UTF-8.</param>
    /// <param name="domain">Domain name; cut likewise.</param>
    public static BgpCapability OfFqdn(string host, string domain = "")
    {
        byte[] first = Cut(host);
        byte[] second = Cut(domain);
        return new BgpCapability(Fqdn, (byte[])[(byte)first.Length, .. first, (byte)second.Length, .. second]);

        static byte[] Cut(string text)
        {
            ArgumentNullException.ThrowIfNull(text);
            byte[] octets = Encoding.UTF8.GetBytes(text);
            int length = Math.Min(octets.Length, 64);
            while (length > 0 && length < octets.Length && (octets[length] & 0xC0) == 0x80)
            {
                length--;
            }

            return octets[..length];
        }
    }

    /// <summary>The names of a <see cref="Fqdn"/> capability, <c>host.domain</c>, made fit for a terminal; null if it is not well formed or empty.</summary>
    public string? ToHostName()
    {
        ReadOnlySpan<byte> value = Value.Span;
        if (Code != Fqdn || value.Length < 2 || value[0] > value.Length - 2 || value[1 + value[0]] > value.Length - 2 - value[0])
        {
            return null;
        }

        string host = BgpText.Printable(value.Slice(1, value[0]));
        string domain = BgpText.Printable(value.Slice(2 + value[0], value[1 + value[0]]));
        return host.Length == 0 ? null : domain.Length == 0 ? host : $"{host}.{domain}";
    }

    /// <summary>A name for the operator, for example <c>evpn</c>, <c>as4</c>, <c>route-refresh</c>, <c>family 1/1</c>, <c>capability 71</c>.</summary>
    public string ToText() => Code switch
    {
        Multiprotocol when Value.Length == 4 => BinaryPrimitives.ReadUInt16BigEndian(Value.Span) == EvpnFamily.Afi && Value.Span[3] == EvpnFamily.Safi
            ? "evpn"
            : string.Create(CultureInfo.InvariantCulture, $"family {BinaryPrimitives.ReadUInt16BigEndian(Value.Span)}/{Value.Span[3]}"),
        RouteRefresh => "route-refresh",
        ExtendedMessage => "extended-message",
        GracefulRestart => "graceful-restart",
        FourOctetAs => "as4",
        EnhancedRefresh => "enhanced-route-refresh",
        Fqdn => "hostname",
        _ => string.Create(CultureInfo.InvariantCulture, $"capability {Code}"),
    };

    /// <inheritdoc/>
    public bool Equals(BgpCapability other) => Code == other.Code && Value.Span.SequenceEqual(other.Value.Span);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Code);
        hash.AddBytes(Value.Span);
        return hash.ToHashCode();
    }
}
