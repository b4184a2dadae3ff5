namespace Overlay.Host.Logging;

/// <summary>The words for levels, as the configuration has them.</summary>
internal static class LogLevels
{
    private static readonly (string Name, LogLevel Level)[] Words =
    [
        ("trace", LogLevel.Trace), ("debug", LogLevel.Debug), ("info", LogLevel.Information), ("warning", LogLevel.Warning), ("error", LogLevel.Error),
    ];

    /// <summary>The words, in order.</summary>
    public static string All => string.Join(", ", Words.Select(word => word.Name));

    /// <summary>The word for a level.</summary>
    public static string Name(LogLevel level) => Array.Find(Words, word => word.Level == level).Name ?? "error";

    /// <summary>The level of a word; null if it is none.</summary>
    public static LogLevel? Of(string name) => Array.FindIndex(Words, word => word.Name == name) is >= 0 and var at ? Words[at].Level : null;
}
