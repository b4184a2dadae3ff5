namespace Overlay.Api;

/// <summary>Answer of <c>POST /v1/control/approve</c>.</summary>
public sealed record GuardApproveResponse
{
    /// <summary>Held entries that go now.</summary>
    public required int Approved { get; init; }
}
