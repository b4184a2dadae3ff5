namespace Overlay.Control.Etcd.Client;

/// <summary>What can go wrong between us and the store.</summary>
public enum EtcdFailureKind : byte
{
    /// <summary>No connection: refused, reset, no route, no such name.</summary>
    Unreachable = 1,

    /// <summary>No answer in time.</summary>
    Timeout = 2,

    /// <summary>TLS could not be agreed on: name, time, authority, our certificate, or files that cannot be read.</summary>
    Tls = 3,

    /// <summary>User or password is wrong, or the token ended and could not be renewed.</summary>
    Unauthenticated = 4,

    /// <summary>The user may not do this.</summary>
    PermissionDenied = 5,

    /// <summary>The revision asked for was compacted.</summary>
    Compacted = 6,

    /// <summary>The revision asked for has not been yet: the store went back.</summary>
    FutureRevision = 7,

    /// <summary>The lease is no more.</summary>
    LeaseNotFound = 8,

    /// <summary>No leader, leader lost, quorum lost, the member is stopping.</summary>
    Unavailable = 9,

    /// <summary>The store's disk quota is used up: it reads but does not write.</summary>
    NoSpace = 10,

    /// <summary>The request is larger than the store takes.</summary>
    TooLarge = 11,

    /// <summary>The answer is larger than we take.</summary>
    ResponseTooLarge = 12,

    /// <summary>The answer is none of the store's API.</summary>
    BadResponse = 13,

    /// <summary>The store refuses the request as such.</summary>
    Refused = 14,

    /// <summary>We were told to stop.</summary>
    Cancelled = 15,
}
