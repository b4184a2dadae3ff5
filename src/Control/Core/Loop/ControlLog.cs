using Microsoft.Extensions.Logging;
using Overlay.Encap;

namespace Overlay.Control.Loop;

/// <summary>Log messages of Overlay.Control, ids 3000–3999. An id is never reused.</summary>
internal static partial class ControlLog
{
    [LoggerMessage(3000, LogLevel.Error, "Control loop: a message of kind {Kind} failed; the loop goes on")]
    public static partial void MessageFailed(ILogger log, Exception error, string kind);

    [LoggerMessage(3001, LogLevel.Information, "Control plane {Plane} started")]
    public static partial void PlaneStarted(ILogger log, string plane);

    [LoggerMessage(3002, LogLevel.Warning, "Control plane {Plane} ended; its routes stay in force; next attempt in {Delay}")]
    public static partial void PlaneEnded(ILogger log, Exception? error, string plane, TimeSpan delay);

    [LoggerMessage(3003, LogLevel.Warning, "Control plane {Plane}, session {Session}: out of touch, {Routes} MAC routes are stale but in force")]
    public static partial void PlaneLost(ILogger log, string plane, string session, int routes);

    [LoggerMessage(3004, LogLevel.Warning, "Alarm {Alarm} on {Subject}: {Sentence}")]
    public static partial void AlarmRaised(ILogger log, string alarm, string subject, string sentence);

    [LoggerMessage(3005, LogLevel.Information, "Alarm {Alarm} on {Subject} is over; times: {Count}")]
    public static partial void AlarmCleared(ILogger log, string alarm, string subject, long count);

    [LoggerMessage(3006, LogLevel.Debug, "MAC {Mac} of VNI {Vni} moved to {Place}, sequence {Sequence}")]
    public static partial void MacMoved(ILogger log, MacAddress mac, Vni vni, string place, uint sequence);

    [LoggerMessage(3010, LogLevel.Information, "Address {Address} of VNI {Vni} is claimed by several MACs in turn; the alarm counts it, and others of the VNI, until it is over. Next: overlayctl neighbors")]
    public static partial void DuplicateAddress(ILogger log, string address, Vni vni);

    [LoggerMessage(3008, LogLevel.Warning, "MAC {Mac} of VNI {Vni} moved {Count} times: frozen at {Place} for {Time}. Next: overlayctl fdb moves")]
    public static partial void MacFrozen(ILogger log, MacAddress mac, Vni vni, string place, int count, TimeSpan time);

    [LoggerMessage(3011, LogLevel.Warning, "MAC {Mac} of VNI {Vni} is at {Place}, and {Rival} claims it again and again. Next: overlayctl fdb moves")]
    public static partial void MacContested(ILogger log, MacAddress mac, Vni vni, string place, string rival);

    [LoggerMessage(EventId = 3012, Message = "{Count} more within a second, left out here: {What}")]
    public static partial void LeftOut(ILogger log, LogLevel level, int count, string what);

    [LoggerMessage(3013, LogLevel.Warning, "Control plane {Plane}: {Count} of {Entries} entries were taken back at once and are held for {Time}. Next: overlayctl control guard, and overlayctl control approve if it is meant")]
    public static partial void MassWithdrawHeld(ILogger log, string plane, int count, int entries, TimeSpan time);

    [LoggerMessage(3014, LogLevel.Warning, "Control plane {Plane}: {Count} held entries go, because {Why}")]
    public static partial void MassWithdrawReleased(ILogger log, string plane, int count, string why);

    [LoggerMessage(3007, LogLevel.Error, "Control loop: a round of background work failed; the loop goes on")]
    public static partial void WorkFailed(ILogger log, Exception error);
}
