namespace Overlay.Host.Configuration;

/// <summary>Something wrong, or doubtful, in a configuration.</summary>
/// <param name="File">The file, or the name of the environment variable.</param>
/// <param name="Line">Line, from 1; 0 when the file as a whole, or an environment variable, is meant.</param>
/// <param name="Column">Column, from 1; 0 as for <paramref name="Line"/>.</param>
/// <param name="Key">Key path; empty when the file as a whole is meant.</param>
/// <param name="Message">What is wrong, what was expected, what to do.</param>
public sealed record ConfigurationError(string File, int Line, int Column, string Key, string Message)
{
    /// <summary>The line an operator reads: <c>file:line:column: key: message</c>.</summary>
    public override string ToString()
    {
        var position = Line > 0 ? $"{File}:{Line}:{Column}" : File;
        return Key.Length == 0 ? $"{position}: {Message}" : $"{position}: {Key}: {Message}";
    }
}
