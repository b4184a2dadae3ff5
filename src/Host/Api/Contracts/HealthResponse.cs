namespace Overlay.Api;

/// <summary>
/// Answer of <c>GET /healthz</c> (the process and its control thread answer; 503 with <c>failing</c> otherwise) and <c>GET /readyz</c> (it forwards; 503 while it does not).
/// </summary>
public sealed record HealthResponse
{
    /// <summary><c>ok</c>, <c>starting</c>, <c>stopping</c>, <c>failing</c> (the control thread does not answer) or <c>not_forwarding</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Why it is not <c>ok</c>, a sentence each.</summary>
    public required IReadOnlyList<string> Reasons { get; init; }
}
