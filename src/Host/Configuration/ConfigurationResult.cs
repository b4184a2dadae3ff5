namespace Overlay.Host.Configuration;

/// <summary>What came of loading a configuration: a value without errors, or errors without a value.</summary>
public sealed record ConfigurationResult
{
    /// <summary>The configuration, or null if there is any error.</summary>
    public OverlayConfig? Value { get; init; }

    /// <summary>Errors, in the order of the file.</summary>
    public required IReadOnlyList<ConfigurationError> Errors { get; init; }

    /// <summary>Legal but doubtful.</summary>
    public required IReadOnlyList<ConfigurationError> Warnings { get; init; }

    /// <summary>The text that was read; empty if it could not be.</summary>
    public string Text { get; init; } = "";
}
