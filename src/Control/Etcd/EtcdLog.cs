using Microsoft.Extensions.Logging;

namespace Overlay.Control.Etcd;

/// <summary>Log messages of Overlay.Control.Etcd, ids 7000–7099. An id is never reused.</summary>
internal static partial class EtcdLog
{
    [LoggerMessage(7000, LogLevel.Information, "etcd: listed {Keys} keys at revision {Revision} in {Milliseconds} ms ({Reason})")]
    public static partial void Listed(ILogger log, long keys, long revision, long milliseconds, string reason);

    [LoggerMessage(7001, LogLevel.Warning, "etcd: out of touch ({Failure}); what is in force stays; next attempt in {Delay}. Next: overlayctl etcd status")]
    public static partial void Lost(ILogger log, string failure, TimeSpan delay);

    [LoggerMessage(7002, LogLevel.Information, "etcd: in touch again, through {Endpoint}")]
    public static partial void Back(ILogger log, string endpoint);

    [LoggerMessage(7003, LogLevel.Information, "etcd: the watch at {Endpoint} ended ({Failure}); it goes on at another member")]
    public static partial void WatchMoved(ILogger log, string endpoint, string failure);

    [LoggerMessage(7004, LogLevel.Warning, "etcd: the history broke ({Reason}); everything is listed anew")]
    public static partial void HistoryBroke(ILogger log, string reason);

    [LoggerMessage(7005, LogLevel.Information, "etcd: lease {Lease} granted for {Seconds} s")]
    public static partial void LeaseGranted(ILogger log, string lease, long seconds);

    [LoggerMessage(7006, LogLevel.Warning, "etcd: lease {Lease} is lost; a new one is asked for and {Facts} keys are written again")]
    public static partial void LeaseLost(ILogger log, string lease, int facts);

    [LoggerMessage(7007, LogLevel.Error, "etcd: VTEP {Vtep} is claimed by another daemon ({Claimant}): node.name has to be unique. Nothing of ours is written until it is. Next: overlayctl etcd status")]
    public static partial void Claimed(ILogger log, string vtep, string claimant);

    [LoggerMessage(7008, LogLevel.Information, "etcd: VTEP {Vtep} is ours")]
    public static partial void Ours(ILogger log, string vtep);

    [LoggerMessage(7009, LogLevel.Warning, "etcd: {Fault} at {Key}, revision {Revision}: ignored; more of its kind are counted only. Next: overlayctl etcd status")]
    public static partial void Faulty(ILogger log, string fault, string key, long revision);

    [LoggerMessage(7010, LogLevel.Warning, "etcd: writing failed ({Failure}); {Waiting} changes of ours wait")]
    public static partial void WriteFailed(ILogger log, string failure, int waiting);

    [LoggerMessage(7011, LogLevel.Error, "etcd: {Part} failed; it is started again")]
    public static partial void PartFailed(ILogger log, Exception error, string part);
}
