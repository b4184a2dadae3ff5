namespace Overlay.Control.Etcd.Client;

/// <summary>Failures in snake case: API, CLI, metrics and docs.</summary>
public static class EtcdFailureNames
{
    /// <summary>The word for a kind.</summary>
    public static string Of(EtcdFailureKind kind) => kind switch
    {
        EtcdFailureKind.Unreachable => "unreachable",
        EtcdFailureKind.Timeout => "timeout",
        EtcdFailureKind.Tls => "tls",
        EtcdFailureKind.Unauthenticated => "unauthenticated",
        EtcdFailureKind.PermissionDenied => "permission_denied",
        EtcdFailureKind.Compacted => "compacted",
        EtcdFailureKind.FutureRevision => "future_revision",
        EtcdFailureKind.LeaseNotFound => "lease_not_found",
        EtcdFailureKind.Unavailable => "unavailable",
        EtcdFailureKind.NoSpace => "no_space",
        EtcdFailureKind.TooLarge => "too_large",
        EtcdFailureKind.ResponseTooLarge => "response_too_large",
        EtcdFailureKind.BadResponse => "bad_response",
        EtcdFailureKind.Refused => "refused",
        EtcdFailureKind.Cancelled => "cancelled",
        _ => "unknown",
    };
}
