namespace Overlay.Cli.Completion;

/// <summary>Cuts descriptions for lists.</summary>
internal static class Sentences
{
    /// <summary>The first sentence, without its full stop.</summary>
    public static string First(string text)
    {
        int end = text.IndexOf(". ", StringComparison.Ordinal);
        return (end < 0 ? text : text[..end]).TrimEnd('.');
    }
}
