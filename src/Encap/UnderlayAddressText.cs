using System.Globalization;

namespace Overlay.Encap;

/// <summary>Text of underlay addresses by RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as "::".</summary>
internal static class UnderlayAddressText
{
    public static string Format(in UnderlayAddress address)
    {
        if (address.IsIPv4)
        {
            uint v = address.IPv4Value;
            return string.Create(CultureInfo.InvariantCulture, $"{v >> 24}.{(v >> 16) & 0xFF}.{(v >> 8) & 0xFF}.{v & 0xFF}");
        }

        Span<ushort> groups = stackalloc ushort[8];
        for (int i = 0; i < 4; i++)
        {
            groups[i] = (ushort)(address.Hi >> (48 - (16 * i)));
            groups[i + 4] = (ushort)(address.Lo >> (48 - (16 * i)));
        }

        (int start, int count) = LongestZeroRun(groups);
        Span<char> text = stackalloc char[64];
        int length = 0;
        for (int i = 0; i < 8; i++)
        {
            if (i == start)
            {
                text[length++] = ':';
                text[length++] = ':';
                i += count - 1;
                continue;
            }

            if (length > 0 && text[length - 1] != ':')
            {
                text[length++] = ':';
            }

            _ = groups[i].TryFormat(text[length..], out int written, "x", CultureInfo.InvariantCulture);
            length += written;
        }

        string literal = new(text[..length]);
        return address.ScopeId == 0 ? literal : string.Create(CultureInfo.InvariantCulture, $"{literal}%{address.ScopeId}");
    }

    private static (int Start, int Count) LongestZeroRun(ReadOnlySpan<ushort> groups)
    {
        int bestStart = -1;
        int bestCount = 1;
        for (int i = 0; i < groups.Length; i++)
        {
            int count = 0;
            while (i + count < groups.Length && groups[i + count] == 0)
            {
                count++;
            }

            if (count > bestCount)
            {
                (bestStart, bestCount) = (i, count);
            }

            i += count;
        }

        return (bestStart, bestCount);
    }
}
