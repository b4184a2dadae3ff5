namespace Overlay.Api;

/// <summary>Answer of <c>POST /v1/fdb/unfreeze</c>.</summary>
public sealed record FdbUnfreezeResponse
{
    /// <summary>MACs that were frozen and may move again.</summary>
    public required int Unfrozen { get; init; }
}
