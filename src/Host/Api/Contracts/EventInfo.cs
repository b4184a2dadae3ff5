namespace Overlay.Api;

/// <summary>Something that happened: the <c>data</c> of an event of <c>GET /v1/events</c>.</summary>
public sealed record EventInfo
{
    /// <summary>Names it: <c>EPOCH-NUMBER</c>. The number is one more with each event; the epoch is another after each start of the daemon.</summary>
    public required string Id { get; init; }

    /// <summary>What happened, for example <c>port.up</c>; docs/api.md lists all.</summary>
    public required string Event { get; init; }

    /// <summary>When, in UTC with milliseconds (ISO 8601), by the clock of the host.</summary>
    public required string Time { get; init; }

    /// <summary>To what: a port, a peer, an address, an alarm; null where it is the daemon.</summary>
    public string? Subject { get; init; }

    /// <summary>In a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>Particulars by name; empty if there are none.</summary>
    public required IReadOnlyDictionary<string, string> Fields { get; init; }
}
