namespace Overlay.Control;

/// <summary>What a plane may raise an alarm about. Closed: each has a name and a sentence among the daemon's alarms.</summary>
public enum PlaneAlarmKind : byte
{
    /// <summary><c>vtep_claimed</c>: somebody else says to be the VTEP that we are.</summary>
    VtepClaimed = 0,
}
