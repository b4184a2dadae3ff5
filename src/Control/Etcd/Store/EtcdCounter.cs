namespace Overlay.Control.Etcd.Store;

/// <summary>What the plane counts; names by <see cref="EtcdCounters"/>.</summary>
internal enum EtcdCounter
{
    Lists,
    ListsCompacted,
    ListsBackwards,
    KeysListed,
    Watches,
    WatchesBroken,
    EventsPut,
    EventsDelete,
    Written,
    Withdrawn,
    Conflicts,
    Yielded,
    WriteFailures,
    LeasesGranted,
    LeasesLost,
    VtepsExpired,
    Misses,
    MissesJoined,
    MissesDropped,
    MissesAnswered,
    MissesNegative,
    MissesFailed,
}
