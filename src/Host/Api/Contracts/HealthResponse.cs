namespace Overlay.Api;

/// <summary>Answer of <c>GET /healthz</c> (the process answers) and <c>GET /readyz</c> (it forwards; 503 while it does not).</summary>
public sealed record HealthResponse
{
    /// <summary><c>ok</c>, <c>starting</c> or <c>stopping</c>.</summary>
    public required string Status { get; init; }
}
