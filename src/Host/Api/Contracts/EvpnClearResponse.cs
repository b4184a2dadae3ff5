namespace Overlay.Api;

/// <summary>Answer of <c>POST /v1/evpn/clear</c>.</summary>
public sealed record EvpnClearResponse
{
    /// <summary>Neighbours that were told.</summary>
    public required int Cleared { get; init; }

    /// <summary>True if they were asked for their routes again (RFC 2918); false if their sessions ended.</summary>
    public required bool Soft { get; init; }
}
