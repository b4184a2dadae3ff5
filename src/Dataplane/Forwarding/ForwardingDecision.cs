using Overlay.Dataplane.Diagnostics;

namespace Overlay.Dataplane.Forwarding;

/// <summary>Where a frame goes. A value; nothing of it outlives the batch.</summary>
/// <param name="Verdict">What to do.</param>
/// <param name="Index">The next hop's or the port's index.</param>
/// <param name="Reason">Why it is dropped.</param>
public readonly record struct ForwardingDecision(ForwardingVerdict Verdict, int Index, DropReason Reason)
{
    /// <summary>Copy to everybody else in the VNI.</summary>
    public static ForwardingDecision Flood => new(ForwardingVerdict.Flood, -1, DropReason.None);

    /// <summary>Ask for the destination.</summary>
    public static ForwardingDecision Miss => new(ForwardingVerdict.Miss, -1, DropReason.None);

    /// <summary>Encapsulate to a next hop.</summary>
    public static ForwardingDecision ToNextHop(int index) => new(ForwardingVerdict.NextHop, index, DropReason.None);

    /// <summary>Write to a local port.</summary>
    public static ForwardingDecision ToPort(int index) => new(ForwardingVerdict.Port, index, DropReason.None);

    /// <summary>Drop.</summary>
    public static ForwardingDecision Drop(DropReason reason) => new(ForwardingVerdict.Drop, -1, reason);
}
