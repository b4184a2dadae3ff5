using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Forwarding;

namespace Overlay.Host.Composition;

/// <summary>What went to and from one VTEP, over all the next hops it ever had. Belongs to <see cref="TrafficSampler"/> and its lock.</summary>
/// <param name="now">The time it was first seen.</param>
internal sealed class PeerTraffic(long now)
{
    private long _windowTx;
    private long _windowRx;
    private VtepState _state;

    public long TxFrames { get; private set; }

    public long RxFrames { get; private set; }

    public long TxOctets { get; private set; }

    public long RxOctets { get; private set; }

    /// <summary>Frames a second, of the last whole second.</summary>
    public double TxRate { get; private set; }

    /// <summary>Frames a second, of the last whole second.</summary>
    public double RxRate { get; private set; }

    /// <summary>When its state changed last.</summary>
    public long Since { get; private set; } = now;

    /// <summary>The policy id that came last, or null.</summary>
    public uint? SeenPolicy { get; private set; }

    /// <summary>The source identity that came last, or null.</summary>
    public uint? SeenIdentity { get; private set; }

    /// <summary>Takes what a next hop counted since it was last looked at.</summary>
    public void Add(NextHop hop, HopMark mark)
    {
        var (tx, rx) = (hop.Traffic.Frames((int)Direction.Tx), hop.Traffic.Frames((int)Direction.Rx));
        var (txOctets, rxOctets) = (hop.Traffic.Octets((int)Direction.Tx), hop.Traffic.Octets((int)Direction.Rx));
        TxFrames += tx - mark.TxFrames;
        RxFrames += rx - mark.RxFrames;
        TxOctets += txOctets - mark.TxOctets;
        RxOctets += rxOctets - mark.RxOctets;
        (mark.TxFrames, mark.RxFrames, mark.TxOctets, mark.RxOctets) = (tx, rx, txOctets, rxOctets);
        SeenPolicy = hop.SeenPolicy ?? SeenPolicy;
        SeenIdentity = hop.SeenIdentity ?? SeenIdentity;
    }

    /// <summary>Notes a change of state.</summary>
    public void Follow(VtepState state, TimeProvider time)
    {
        if (state != _state)
        {
            _state = state;
            Since = time.GetTimestamp();
        }
    }

    /// <summary>Ends a window of a second or so.</summary>
    public void CloseWindow(double seconds)
    {
        if (seconds <= 0)
        {
            return;
        }

        TxRate = Math.Round((TxFrames - _windowTx) / seconds, 1);
        RxRate = Math.Round((RxFrames - _windowRx) / seconds, 1);
        (_windowTx, _windowRx) = (TxFrames, RxFrames);
    }
}

/// <summary>What a next hop's counters were when they were last looked at.</summary>
/// <param name="peer">Its VTEP's traffic.</param>
internal sealed class HopMark(PeerTraffic peer)
{
    public PeerTraffic Peer { get; } = peer;

    public long Round { get; set; }

    public long TxFrames { get; set; }

    public long RxFrames { get; set; }

    public long TxOctets { get; set; }

    public long RxOctets { get; set; }
}
