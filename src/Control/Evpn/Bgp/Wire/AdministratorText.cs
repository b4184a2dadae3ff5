using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>
/// The text that route targets and route distinguishers share: an administrator, a colon, a number. Six octets in one of three forms:
/// 0 AS of two octets and number of four, 1 IPv4 address and number of two, 2 AS of four octets and number of two (RFC 4364 §4.2, RFC 5668 §2).
/// </summary>
internal static class AdministratorText
{
    /// <summary>Parses <c>65001:100</c>, <c>192.0.2.1:100</c>, <c>4200000001:100</c>; <c>65001L:100</c> puts a small AS into form 2.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out int form, out ulong body)
    {
        form = 0;
        body = 0;
        int colon = text?.LastIndexOf(':') ?? -1;
        if (colon <= 0 || !TryNumber(text.AsSpan(colon + 1), out uint number))
        {
            return false;
        }

        string head = text![..colon];
        if (head.Contains('.', StringComparison.Ordinal))
        {
            form = 1;
            bool ok = UnderlayAddress.TryParse(head, out UnderlayAddress address) && address.IsIPv4 && number <= ushort.MaxValue;
            body = ((ulong)address.IPv4Value << 16) | number;
            return ok;
        }

        bool wide = head.EndsWith('L');
        if (!TryNumber(wide ? head.AsSpan(0, head.Length - 1) : head, out uint administrator))
        {
            return false;
        }

        form = wide || administrator > ushort.MaxValue ? 2 : 0;
        body = form == 2 ? ((ulong)administrator << 16) | number : ((ulong)administrator << 32) | number;
        return form == 0 || number <= ushort.MaxValue;
    }

    /// <summary>The text of six octets in a form of 0–2.</summary>
    public static string Format(int form, ulong body)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        uint administrator = (uint)(body >> 16);
        return form switch
        {
            0 => string.Create(culture, $"{body >> 32}:{(uint)body}"),
            1 => string.Create(culture, $"{UnderlayAddress.FromIPv4(administrator)}:{(ushort)body}"),
            _ => string.Create(culture, $"{administrator}{(administrator <= ushort.MaxValue ? "L" : string.Empty)}:{(ushort)body}"),
        };
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out uint number)
    {
        number = 0;
        return text.Length is > 0 and <= 10 && !text.ContainsAnyExceptInRange('0', '9') && (text.Length == 1 || text[0] != '0')
            && uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
