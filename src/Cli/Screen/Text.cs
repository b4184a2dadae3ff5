using System.Globalization;
using System.Text;

namespace Overlay.Cli.Screen;

/// <summary>How values look on a screen. Nothing here depends on the terminal or the locale.</summary>
internal static class Text
{
    private const string HexDigits = "0123456789abcdef";

    /// <summary>
    /// Names come from configuration, peers and the wire. What could move the cursor, end a line, reorder the text or hide in it is written as
    /// <c>\xNN</c> or <c>\u{N}</c>, so a hostile name can neither forge a line nor drive the terminal.
    /// </summary>
    public static string Escape(string? text)
    {
        if (string.IsNullOrEmpty(text)) return string.Empty;
        if (!NeedsEscape(text)) return text;
        StringBuilder escaped = new(text.Length + 16);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (!IsUnsafe(rune)) escaped.Append(rune.ToString());
            else if (rune.Value < 0x100) escaped.Append("\\x").Append(HexDigits[rune.Value >> 4]).Append(HexDigits[rune.Value & 15]);
            else escaped.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:x}}}");
        }

        return escaped.ToString();
    }

    /// <summary>Columns a text takes: one a rune, two for wide East Asian ones, none for combining marks.</summary>
    public static int Width(string text)
    {
        int width = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.Value < 0x300)
            {
                width++;
                continue;
            }

            UnicodeCategory category = Rune.GetUnicodeCategory(rune);
            if (category is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark) continue;
            width += IsWide(rune.Value) ? 2 : 1;
        }

        return width;
    }

    /// <summary>A duration in two units at most: <c>7s</c>, <c>3m12s</c>, <c>1h02m</c>, <c>2d03h</c>.</summary>
    public static string Duration(double? seconds)
    {
        if (seconds is not { } value || !double.IsFinite(value)) return "-";
        long s = (long)Math.Max(0, value);
        return s switch
        {
            < 60 => $"{s}s",
            < 3600 => $"{s / 60}m{s % 60:00}s",
            < 86400 => $"{s / 3600}h{s / 60 % 60:00}m",
            _ => $"{s / 86400}d{s / 3600 % 24:00}h",
        };
    }

    /// <summary>A rate with three digits and a decimal prefix: <c>0</c>, <c>950</c>, <c>12.3k</c>, <c>1.20M</c>.</summary>
    public static string Rate(double value)
    {
        string prefix = string.Empty;
        foreach (string next in (ReadOnlySpan<string>)["k", "M", "G"])
        {
            if (value < 999.5) break;
            value /= 1000;
            prefix = next;
        }

        string format = prefix.Length == 0 || value >= 99.95 ? "0" : value >= 9.995 ? "0.0" : "0.00";
        return value.ToString(format, CultureInfo.InvariantCulture) + prefix;
    }

    /// <summary>A round-trip time: <c>310us</c>, <c>1.20ms</c>, <c>2.5s</c>.</summary>
    public static string Latency(double? seconds) => seconds switch
    {
        null => "-",
        < 0.001 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e6:0}us"),
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:0.00}ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0}s"),
    };

    /// <summary>A ratio as a percentage.</summary>
    public static string Percent(double? ratio) =>
        ratio is { } value ? string.Create(CultureInfo.InvariantCulture, $"{value * 100:0.##}%") : "-";

    /// <summary>A whole number, or <c>-</c>.</summary>
    public static string Number(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "-";

    /// <summary>A count with its noun: <c>1 error</c>, <c>2 errors</c>.</summary>
    public static string Count(int count, string noun) => count == 1 ? $"1 {noun}" : $"{Number(count)} {noun}s";

    /// <summary>Address and port, IPv6 in brackets.</summary>
    public static string EndPoint(string? address, int? port)
    {
        if (string.IsNullOrEmpty(address)) return "-";
        string host = Escape(address);
        if (port is not { } value) return host;
        return host.Contains(':', StringComparison.Ordinal) ? $"[{host}]:{value}" : $"{host}:{value}";
    }

    /// <summary>An argument as a shell needs it, for commands we advise.</summary>
    public static string Quote(string argument)
    {
        bool plain = argument.Length > 0;
        foreach (char c in argument) plain &= char.IsAsciiLetterOrDigit(c) || "-_./:,@%+=".Contains(c, StringComparison.Ordinal);
        return plain ? argument : "'" + Escape(argument).Replace("'", "'\\''", StringComparison.Ordinal) + "'";
    }

    private static bool NeedsEscape(string text)
    {
        foreach (char c in text)
        {
            if (c < 0x20 || c >= 0x7f) return true;
        }

        return false;
    }

    private static bool IsUnsafe(Rune rune)
    {
        if (rune.Value < 0x20 || rune.Value == 0x7f) return true;
        return Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;
    }

    private static bool IsWide(int value) => value is (>= 0x1100 and <= 0x115f) or (>= 0x2e80 and <= 0xa4cf) or (>= 0xac00 and <= 0xd7a3)
        or (>= 0xf900 and <= 0xfaff) or (>= 0xfe30 and <= 0xfe6f) or (>= 0xff00 and <= 0xff60) or (>= 0xffe0 and <= 0xffe6)
        or (>= 0x1f300 and <= 0x1faff) or (>= 0x20000 and <= 0x3fffd);
}
