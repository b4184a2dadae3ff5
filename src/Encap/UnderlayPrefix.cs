using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Overlay.Encap;

/// <summary>A CIDR prefix of underlay addresses.</summary>
/// <param name="Address">The network address. Host bits set to one are ignored by <see cref="Contains"/>.</param>
/// <param name="Length">Prefix length in bits: 0..32 for IPv4, 0..128 for IPv6.</param>
public readonly record struct UnderlayPrefix(UnderlayAddress Address, int Length)
{
    /// <summary>The prefix that holds one address.</summary>
    /// <param name="address">Either family.</param>
    public static UnderlayPrefix Host(UnderlayAddress address) => new(address, address.Length * 8);

    /// <summary>Parses <c>192.0.2.0/24</c> or <c>2001:db8::/32</c>; an address without a length is a host prefix.</summary>
    /// <param name="text">The text; host bits must be zero, for a prefix with host bits is usually a mistake.</param>
    /// <param name="prefix">The prefix, or the default.</param>
    /// <returns>False when the text is not a prefix.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out UnderlayPrefix prefix)
    {
        prefix = default;
        if (text is null)
        {
            return false;
        }

        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!UnderlayAddress.TryParse(slash < 0 ? text : text[..slash], out UnderlayAddress address))
        {
            return false;
        }

        int length = address.Length * 8;
        if (slash >= 0
            && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > address.Length * 8))
        {
            return false;
        }

        (ulong hi, ulong lo) = Masks(address.IsIPv4, length);
        if ((address.Hi & ~hi) != 0 || (address.Lo & ~lo) != 0)
        {
            return false;
        }

        prefix = new UnderlayPrefix(address, length);
        return true;
    }

    /// <summary>The address is of this family and inside the prefix. The scope is not compared.</summary>
    /// <param name="address">Any address.</param>
    public bool Contains(UnderlayAddress address)
    {
        if (address.IsIPv4 != Address.IsIPv4)
        {
            return false;
        }

        (ulong hi, ulong lo) = Masks(Address.IsIPv4, Length);
        return ((address.Hi ^ Address.Hi) & hi) == 0 && ((address.Lo ^ Address.Lo) & lo) == 0;
    }

    /// <summary>Address, slash, length.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Address}/{Length}");

    private static (ulong Hi, ulong Lo) Masks(bool isIPv4, int length)
    {
        int bits = isIPv4 ? length + 96 : length;
        ulong hi = bits >= 64 ? ulong.MaxValue : bits <= 0 ? 0 : ulong.MaxValue << (64 - bits);
        ulong lo = bits >= 128 ? ulong.MaxValue : bits <= 64 ? 0 : ulong.MaxValue << (128 - bits);
        return (hi, lo);
    }
}
