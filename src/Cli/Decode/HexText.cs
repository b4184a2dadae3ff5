namespace Overlay.Cli.Decode;

/// <summary>Hexadecimal text as people paste it: blanks, line ends, colons, dashes and a leading 0x are skipped.</summary>
internal static class HexText
{
    public static bool TryParse(string text, out byte[] octets)
    {
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        if (rest.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            rest = rest[2..];
        }

        char[] digits = new char[rest.Length];
        int count = 0;
        foreach (char c in rest)
        {
            if (char.IsAsciiHexDigit(c))
            {
                digits[count++] = c;
            }
            else if (!char.IsWhiteSpace(c) && c is not (':' or '-'))
            {
                octets = [];
                return false;
            }
        }

        bool whole = count != 0 && (count & 1) == 0;
        octets = whole ? Convert.FromHexString(digits.AsSpan(0, count)) : [];
        return whole;
    }
}
