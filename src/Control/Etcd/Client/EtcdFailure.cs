namespace Overlay.Control.Etcd.Client;

/// <summary>Why a request failed: a value, never an exception.</summary>
/// <param name="Kind">What went wrong.</param>
/// <param name="Message">In words, of the store or of the network; one line.</param>
/// <param name="Endpoint">The endpoint that was asked last; null if none could be.</param>
public sealed record EtcdFailure(EtcdFailureKind Kind, string Message, string? Endpoint = null)
{
    /// <summary>Longest message kept, in characters.</summary>
    internal const int MessageLimit = 300;

    /// <summary>Another member might do better: the fault is of the endpoint, or of the way to it.</summary>
    public bool IsOfEndpoint => Kind is EtcdFailureKind.Unreachable or EtcdFailureKind.Timeout or EtcdFailureKind.Tls or EtcdFailureKind.Unavailable or EtcdFailureKind.BadResponse;

    /// <summary>Kind in snake case, as metrics and CLI name it, and the message.</summary>
    public override string ToString() => Endpoint is null ? $"{EtcdFailureNames.Of(Kind)}: {Message}" : $"{EtcdFailureNames.Of(Kind)} at {Endpoint}: {Message}";
}
