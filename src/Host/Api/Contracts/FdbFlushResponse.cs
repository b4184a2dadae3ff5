namespace Overlay.Api;

/// <summary>Answer of <c>POST /v1/fdb/flush</c>.</summary>
public sealed record FdbFlushResponse
{
    /// <summary>Local and learned MACs that were forgotten.</summary>
    public required int Removed { get; init; }
}
