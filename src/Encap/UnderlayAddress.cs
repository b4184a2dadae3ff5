using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Overlay.Encap;

/// <summary>
/// An IPv4 or IPv6 underlay address as two words and a scope: comparable, hashable and copyable without allocation.
/// IPv4 is stored as ::ffff:a.b.c.d, so a v4-mapped IPv6 address cannot be expressed; text in that form is refused.
/// The default value is the IPv6 unspecified address.
/// </summary>
public readonly struct UnderlayAddress : IEquatable<UnderlayAddress>, IComparable<UnderlayAddress>
{
    private const ulong MappedPrefix = 0xFFFF_0000_0000;

    private UnderlayAddress(ulong hi, ulong lo, uint scopeId)
    {
        Hi = hi;
        Lo = lo;
        ScopeId = scopeId;
    }

    /// <summary>The first eight octets as a big-endian number; 0 for IPv4.</summary>
    public ulong Hi { get; }

    /// <summary>The last eight octets as a big-endian number; 0x0000ffff in the upper half for IPv4.</summary>
    public ulong Lo { get; }

    /// <summary>The interface index that scopes an IPv6 link-local address, or 0. Part of equality.</summary>
    public uint ScopeId { get; }

    /// <summary>IPv4.</summary>
    public bool IsIPv4 => Hi == 0 && (Lo & 0xFFFF_FFFF_0000_0000) == MappedPrefix;

    /// <summary>IPv6.</summary>
    public bool IsIPv6 => !IsIPv4;

    /// <summary>The family.</summary>
    public AddressFamilyKind Family => IsIPv4 ? AddressFamilyKind.IPv4 : AddressFamilyKind.IPv6;

    /// <summary>Octets of the address on the wire: 4 or 16.</summary>
    public int Length => IsIPv4 ? 4 : 16;

    /// <summary>The IPv4 address as a big-endian number; meaningful only when <see cref="IsIPv4"/>.</summary>
    public uint IPv4Value => (uint)Lo;

    /// <summary>224.0.0.0/4 or ff00::/8.</summary>
    public bool IsMulticast => IsIPv4 ? (IPv4Value >> 28) == 0xE : (Hi >> 56) == 0xFF;

    /// <summary>255.255.255.255.</summary>
    public bool IsBroadcast => IsIPv4 && IPv4Value == uint.MaxValue;

    /// <summary>0.0.0.0 or ::.</summary>
    public bool IsUnspecified => IsIPv4 ? IPv4Value == 0 : (Hi | Lo) == 0;

    /// <summary>127.0.0.0/8 or ::1.</summary>
    public bool IsLoopback => IsIPv4 ? (IPv4Value >> 24) == 127 : Hi == 0 && Lo == 1;

    /// <summary>169.254.0.0/16 or fe80::/10.</summary>
    public bool IsLinkLocal => IsIPv4 ? (IPv4Value >> 16) == 0xA9FE : (Hi >> 54) == 0xFE80 >> 6;

    /// <summary>An address that a VTEP can send from: not unspecified, multicast or broadcast.</summary>
    public bool IsUnicast => !IsUnspecified && !IsMulticast && !IsBroadcast;

    /// <summary>Makes an IPv4 address.</summary>
    /// <param name="address">The address as a big-endian number: 192.0.2.1 is 0xC0000201.</param>
    public static UnderlayAddress FromIPv4(uint address) => new(0, MappedPrefix | address, 0);

    /// <summary>Makes an IPv4 address.</summary>
    /// <param name="octets">At least 4 octets in wire order.</param>
    public static UnderlayAddress FromIPv4(ReadOnlySpan<byte> octets) => FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(octets));

    /// <summary>Makes an IPv6 address. The octets of a v4-mapped address, as a dual-stack socket reports them, give the IPv4 address.</summary>
    /// <param name="octets">At least 16 octets in wire order.</param>
    /// <param name="scopeId">The interface index; kept for link-local addresses only, so that equal addresses are equal.</param>
    public static UnderlayAddress FromIPv6(ReadOnlySpan<byte> octets, uint scopeId = 0)
    {
        var address = new UnderlayAddress(BinaryPrimitives.ReadUInt64BigEndian(octets), BinaryPrimitives.ReadUInt64BigEndian(octets[8..]), scopeId);
        return address.IsScoped ? address : new UnderlayAddress(address.Hi, address.Lo, 0);
    }

    /// <summary>Converts an <see cref="IPAddress"/>.</summary>
    /// <param name="address">Either family.</param>
    public static UnderlayAddress FromIPAddress(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> octets = stackalloc byte[16];
        bool written = address.TryWriteBytes(octets, out int length);
        return written && length == 4
            ? FromIPv4(octets)
            : FromIPv6(octets, (uint)address.ScopeId);
    }

    /// <summary>Parses an address without a zone.</summary>
    /// <param name="text">Dotted quad (four decimal parts) or RFC 4291 text; no blanks, brackets, prefix length or zone.</param>
    /// <param name="address">The address, or the default.</param>
    /// <returns>False when the text is no address, has a zone, or is a v4-mapped IPv6 address.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out UnderlayAddress address) =>
        TryParse(text, out address, out string? zone) && zone is null;

    /// <summary>Parses an address with an optional zone.</summary>
    /// <param name="text">As above; a link-local IPv6 address may end in <c>%eth0</c>.</param>
    /// <param name="address">The address with scope 0: the caller resolves <paramref name="zone"/> and applies <see cref="WithScope"/>.</param>
    /// <param name="zone">The zone as written (an interface name or a number), or null.</param>
    /// <returns>False when the text is no address, is v4-mapped, or has a zone where none belongs.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out UnderlayAddress address, out string? zone)
    {
        address = default;
        zone = null;
        if (string.IsNullOrEmpty(text) || text.AsSpan().IndexOfAnyExcept(AllowedBeforeZone) is int odd && odd >= 0 && text[odd] != '%')
        {
            return false;
        }

        int percent = text.IndexOf('%', StringComparison.Ordinal);
        string literal = percent < 0 ? text : text[..percent];
        bool dotted = !literal.Contains(':', StringComparison.Ordinal);
        if ((dotted && !IsDottedQuad(literal)) || !IPAddress.TryParse(literal, out IPAddress? parsed) || parsed.IsIPv4MappedToIPv6)
        {
            return false;
        }

        UnderlayAddress result = FromIPAddress(parsed);
        if (percent >= 0)
        {
            zone = text[(percent + 1)..];
            if (zone.Length is 0 or > 15 || !result.IsScoped)
            {
                zone = null;
                return false;
            }
        }

        address = result;
        return true;
    }

    /// <summary>Parses an address that is known to be well formed.</summary>
    /// <param name="text">As for <see cref="TryParse(string?, out UnderlayAddress)"/>.</param>
    /// <exception cref="FormatException">The text is not an address.</exception>
    public static UnderlayAddress Parse(string text) =>
        TryParse(text, out UnderlayAddress address) ? address : throw new FormatException($"'{text}' is not an IP address");

    /// <summary>The text is an IPv4-mapped IPv6 address (<c>::ffff:192.0.2.1</c>), which configuration refuses with a reason of its own.</summary>
    /// <param name="text">Any text.</param>
    public static bool IsV4MappedText([NotNullWhen(true)] string? text) =>
        text is not null && text.Contains(':', StringComparison.Ordinal) && IPAddress.TryParse(text, out IPAddress? parsed) && parsed.IsIPv4MappedToIPv6;

    /// <summary>The same address scoped to an interface; only IPv6 link-local addresses keep a scope.</summary>
    /// <param name="scopeId">An interface index.</param>
    public UnderlayAddress WithScope(uint scopeId) => IsScoped ? new UnderlayAddress(Hi, Lo, scopeId) : this;

    /// <summary>Writes the octets in wire order.</summary>
    /// <param name="destination">4 or 16 octets or more.</param>
    /// <param name="written">Octets written.</param>
    /// <returns>False, writing nothing, when the span is too short.</returns>
    public bool TryWriteBytes(Span<byte> destination, out int written)
    {
        written = 0;
        if (destination.Length < Length)
        {
            return false;
        }

        if (IsIPv4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, IPv4Value);
        }
        else
        {
            BinaryPrimitives.WriteUInt64BigEndian(destination, Hi);
            BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Lo);
        }

        written = Length;
        return true;
    }

    /// <summary>Converts for the socket API. Allocates.</summary>
    public IPAddress ToIPAddress()
    {
        Span<byte> octets = stackalloc byte[16];
        _ = TryWriteBytes(octets, out int length);
        return length == 4 ? new IPAddress(octets[..4]) : new IPAddress(octets, ScopeId);
    }

    /// <inheritdoc/>
    public bool Equals(UnderlayAddress other) => Hi == other.Hi && Lo == other.Lo && ScopeId == other.ScopeId;

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is UnderlayAddress other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        // Neighbouring addresses differ in their last bits only; the folded multiply spreads those over the whole word.
        ulong high = Math.BigMul(Hi ^ 0x9E37_79B9_7F4A_7C15, Lo ^ 0xD6E8_FEB8_6659_FD93 ^ ((ulong)ScopeId << 17), out ulong low);
        ulong folded = high ^ low;
        return (int)(folded ^ (folded >> 32));
    }

    /// <summary>Orders IPv4 before IPv6, then numerically, then by scope.</summary>
    public int CompareTo(UnderlayAddress other)
    {
        int byFamily = Family.CompareTo(other.Family);
        int byHi = Hi.CompareTo(other.Hi);
        int byLo = Lo.CompareTo(other.Lo);
        return byFamily != 0 ? byFamily : byHi != 0 ? byHi : byLo != 0 ? byLo : ScopeId.CompareTo(other.ScopeId);
    }

    /// <summary>Equality by content.</summary>
    public static bool operator ==(UnderlayAddress left, UnderlayAddress right) => left.Equals(right);

    /// <summary>Inequality by content.</summary>
    public static bool operator !=(UnderlayAddress left, UnderlayAddress right) => !left.Equals(right);

    /// <summary>Orders as <see cref="CompareTo"/>.</summary>
    public static bool operator <(UnderlayAddress left, UnderlayAddress right) => left.CompareTo(right) < 0;

    /// <summary>Orders as <see cref="CompareTo"/>.</summary>
    public static bool operator >(UnderlayAddress left, UnderlayAddress right) => left.CompareTo(right) > 0;

    /// <summary>Orders as <see cref="CompareTo"/>.</summary>
    public static bool operator <=(UnderlayAddress left, UnderlayAddress right) => left.CompareTo(right) <= 0;

    /// <summary>Orders as <see cref="CompareTo"/>.</summary>
    public static bool operator >=(UnderlayAddress left, UnderlayAddress right) => left.CompareTo(right) >= 0;

    /// <summary>Dotted quad or RFC 5952 text, with a numeric zone when scoped.</summary>
    public override string ToString() => UnderlayAddressText.Format(this);

    private static readonly SearchValues<char> AllowedBeforeZone = SearchValues.Create("0123456789abcdefABCDEF:.");

    private bool IsScoped => IsIPv6 && (IsLinkLocal || (Hi >> 48 & 0xFF0F) == 0xFF02);

    /// <summary>IPAddress.TryParse takes 1, 0x7f.1 and octal parts; an operator who writes those made a mistake.</summary>
    private static bool IsDottedQuad(string text)
    {
        string[] parts = text.Split('.');
        if (parts.Length != 4)
        {
            return false;
        }

        foreach (string part in parts)
        {
            if (part.Length is 0 or > 3 || (part.Length > 1 && part[0] == '0') || part.AsSpan().ContainsAnyExceptInRange('0', '9'))
            {
                return false;
            }
        }

        return true;
    }
}
