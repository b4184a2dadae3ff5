using Overlay.Api;
using Overlay.Control.Etcd.Queries;

namespace Overlay.Host.Composition;

/// <summary>Rows of the etcd plane as the API has them.</summary>
internal static class EtcdView
{
    public static EtcdStatusResponse Status(EtcdStatusRow row) => new()
    {
        State = row.State,
        Prefix = row.Prefix,
        Node = row.Node,
        ClusterId = row.ClusterId,
        Revision = row.Revision,
        Lease = row.Lease,
        LeaseSeconds = row.LeaseTime.TotalSeconds,
        LeaseAgeSeconds = row.LeaseAge?.TotalSeconds,
        Claimant = row.Claimant,
        Vnis = row.Vnis,
        KeysWritten = row.KeysWritten,
        KeysWaiting = row.KeysWaiting,
        Answers = row.Answers,
        MissesWaiting = row.MissesWaiting,
        ListedKeys = row.ListedKeys,
        ListSeconds = row.ListTime.TotalSeconds,
        ListAgeSeconds = row.ListAge?.TotalSeconds,
        ReadFailure = row.ReadFailure,
        WriteFailure = row.WriteFailure,
        Endpoints = [.. row.Endpoints.Select(Endpoint)],
        Counters = row.Counters,
        Faults = [.. row.Faults.Select(Fault)],
    };

    public static EtcdKeyInfo Key(EtcdKeyRow row) => new()
    {
        Key = row.Key,
        Value = row.Value,
        Kind = row.Kind,
        Vtep = row.Vtep,
        Revision = row.Revision,
        Lease = row.Lease,
        Fault = row.Fault,
    };

    private static EtcdEndpointInfo Endpoint(EtcdEndpointRow row) => new()
    {
        Endpoint = row.Endpoint,
        Healthy = row.IsHealthy,
        Watched = row.IsWatched,
        Leader = row.IsLeader,
        MemberId = row.MemberId,
        Version = row.Version,
        DatabaseBytes = row.DatabaseBytes,
        Revision = row.Revision,
        LatencySeconds = row.Latency?.TotalSeconds,
        Alarms = row.Alarms,
        Failures = row.Failures,
        LastFailure = row.LastFailure,
    };

    private static EtcdFaultInfo Fault(EtcdFaultRow row) => new()
    {
        Name = row.Name,
        Count = row.Count,
        Key = row.Key,
        Revision = row.Revision,
        Detail = row.Detail,
        AgeSeconds = row.Age.TotalSeconds,
    };
}
