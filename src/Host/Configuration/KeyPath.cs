namespace Overlay.Host.Configuration;

/// <summary>Paths of configuration keys, as errors and the reference write them: <c>ports.web.mtu</c>, <c>peers[2].vnis[0].encap</c>.</summary>
public static class KeyPath
{
    /// <summary>The path of a key inside a mapping.</summary>
    public static string Join(string path, string key) => path.Length == 0 ? Printable(key) : $"{path}.{Printable(key)}";

    /// <summary>The path of an item inside a list.</summary>
    public static string Item(string path, int index) => $"{path}[{index}]";

    /// <summary>The text with control characters escaped and cut at 80 characters, fit for a terminal and a log line.</summary>
    public static string Printable(string text)
    {
        var cut = text.Length > 80 ? string.Concat(text.AsSpan(0, 77), "...") : text;
        if (!cut.Any(char.IsControl))
        {
            return cut;
        }

        return string.Concat(cut.Select(c => char.IsControl(c) ? $"\\x{(int)c:x2}" : c.ToString()));
    }
}
