namespace Overlay.Host.Configuration.Yaml;

/// <summary>
/// Adds and removes parts of a YAML text and leaves every other character as it is, comments included. Knows the common ways to write YAML; what
/// it makes of an uncommon one is for the caller to check by reading the result.
/// </summary>
internal static class YamlTextEdit
{
    /// <summary>Adds an entry at the end of a mapping.</summary>
    /// <returns>The new text; null if it is not known how.</returns>
    public static string? AddEntry(string text, YamlSpan map, string key, string value)
    {
        if (map.Entries is not { } entries)
        {
            return null;
        }

        if (map.IsFlow)
        {
            return AddToFlow(text, map, entries.Count == 0 ? null : entries[^1].Value.End, $"{key}: {value}");
        }

        return entries.Count == 0 ? null : AddLine(text, map.End, entries[0].Key.Column, $"{key}: {value}");
    }

    /// <summary>Adds an item at the end of a list.</summary>
    /// <returns>The new text; null if it is not known how.</returns>
    public static string? AddItem(string text, YamlSpan list, string value)
    {
        if (list.Items is not { } items)
        {
            return null;
        }

        if (list.IsFlow)
        {
            return AddToFlow(text, list, items.Count == 0 ? null : items[^1].End, value);
        }

        return items.Count == 0 || DashOf(text, items[0]) is not { } dash ? null : AddLine(text, list.End, dash - LineStart(text, dash), $"- {value}");
    }

    /// <summary>Replaces the null value of a key.</summary>
    public static string FillNull(string text, YamlSpan key, YamlSpan value, string with)
    {
        if (value.End > value.Start)
        {
            return string.Concat(text.AsSpan(0, value.Start), with, text.AsSpan(value.End));
        }

        // Nothing is written: the value goes right behind the colon, before a comment.
        var colon = text.IndexOf(':', key.End);
        return colon < 0 ? text : string.Concat(text.AsSpan(0, colon + 1), " ", with) + text[(colon + 1)..];
    }

    /// <summary>Removes an entry of a mapping, with the comments inside it and behind it on its last line.</summary>
    /// <returns>The new text; null if it is not known how.</returns>
    public static string? RemoveEntry(string text, YamlSpan map, int index)
    {
        var entries = map.Entries!;
        var (key, value) = entries[index];
        if (map.IsFlow)
        {
            return RemoveFromFlow(text, map, key.Start, value.End, index > 0 ? entries[index - 1].Value.End : null, index + 1 < entries.Count ? entries[index + 1].Key.Start : null);
        }

        return RemoveLines(text, key.Start, Math.Max(key.End, value.End));
    }

    /// <summary>Removes an item of a list, with the comments inside it and behind it on its last line.</summary>
    /// <returns>The new text; null if it is not known how.</returns>
    public static string? RemoveItem(string text, YamlSpan list, int index)
    {
        var items = list.Items!;
        if (list.IsFlow)
        {
            return RemoveFromFlow(text, list, items[index].Start, items[index].End, index > 0 ? items[index - 1].End : null, index + 1 < items.Count ? items[index + 1].Start : null);
        }

        return DashOf(text, items[index]) is { } dash ? RemoveLines(text, dash, items[index].End) : null;
    }

    private static string AddToFlow(string text, YamlSpan flow, int? lastEnd, string what)
    {
        if (lastEnd is not { } end)
        {
            return string.Concat(text.AsSpan(0, flow.Start + 1), flow.Entries is null ? what : $" {what} ", text.AsSpan(flow.End - 1));
        }

        // A comma may be there already, behind the last of them.
        var rest = text.AsSpan(end, flow.End - 1 - end);
        var gap = rest.Length - rest.TrimStart().Length;
        return rest.TrimStart().StartsWith(',')
            ? string.Concat(text.AsSpan(0, end + gap + 1), " ", what) + text[(end + gap + 1)..]
            : string.Concat(text.AsSpan(0, end), ", ", what) + text[end..];
    }

    private static string? RemoveFromFlow(string text, YamlSpan flow, int start, int end, int? before, int? next)
    {
        // A remark between the one before and the last is about the one before, as a rule: nothing is cut that an operator wrote about something else.
        if (next is null && before is { } left && text.AsSpan(left, start - left).Contains('#'))
        {
            return null;
        }

        var (from, to) = next is { } following ? (start, following)
            : before is { } previous ? (previous, end)
            : (flow.Start + 1, flow.End - 1);
        return string.Concat(text.AsSpan(0, from), text.AsSpan(to));
    }

    private static string AddLine(string text, int end, int indent, string line)
    {
        var newline = text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        var (at, terminated) = LineEnd(text, end);
        var blanks = new string(' ', indent);
        return terminated
            ? string.Concat(text.AsSpan(0, at), blanks, line, newline) + text[at..]
            : string.Concat(text.AsSpan(0, at), newline, blanks, line) + newline;
    }

    private static string? RemoveLines(string text, int start, int end)
    {
        var from = LineStart(text, start);
        return text.AsSpan(from, start - from).IsWhiteSpace() ? string.Concat(text.AsSpan(0, from), text.AsSpan(LineEnd(text, end).At)) : null;
    }

    // The dash of a block item: the last thing before it that is not blank.
    private static int? DashOf(string text, YamlSpan item)
    {
        var at = item.Start - 1;
        while (at >= 0 && char.IsWhiteSpace(text[at]))
        {
            at--;
        }

        return at >= 0 && text[at] == '-' && text.AsSpan(LineStart(text, at), at - LineStart(text, at)).IsWhiteSpace() ? at : null;
    }

    private static int LineStart(string text, int at) => at == 0 ? 0 : text.LastIndexOf('\n', at - 1) + 1;

    private static (int At, bool Terminated) LineEnd(string text, int at)
    {
        var newline = at >= text.Length ? -1 : text.IndexOf('\n', at);
        return newline < 0 ? (text.Length, false) : (newline + 1, true);
    }
}
