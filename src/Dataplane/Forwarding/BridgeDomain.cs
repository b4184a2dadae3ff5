using System.Runtime.CompilerServices;
using Overlay.Dataplane.Diagnostics;
using Overlay.Encap;
using Overlay.Encap.Geneve;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Forwarding;

/// <summary>
/// A broadcast domain: one VNI as it is configured now, its local ports, and its <see cref="DomainState"/>. Immutable; a change of topology makes
/// another one with the same state.
/// </summary>
public sealed class BridgeDomain
{
    private readonly ulong[] _localMacs;
    private readonly DomainPort[] _ports;
    private readonly FloodList? _group;

    internal BridgeDomain(VniSpec spec, DomainState state, DomainPort[] ports, GeneveOptionRegistry registry, FloodList? group = null)
    {
        _group = group;
        Spec = spec;
        State = state;
        _ports = ports;
        _localMacs = new ulong[ports.Length];
        Templates = new TemplateSet(spec, identity: null, registry);
        AsksOnMiss = spec.AsksOnMiss;
        FloodsUnknown = spec.UnknownUnicast == UnknownUnicast.Flood;
        WatchesNeighbors = spec.ArpSuppress || spec.NdSuppress;
        ReadsGbp = spec.OnVxlanPeer == VxlanPolicyAction.MapToGbp && (spec.PolicyId is not null || spec.PolicyRequired);
        for (int i = 0; i < ports.Length; i++)
        {
            ports[i].Domain = this;
            CarriesTags |= ports[i].CarriesTags;
            _localMacs[i] = ports[i].Port.Mac.Value;
        }
    }

    /// <summary>The VNI.</summary>
    public Vni Vni => Spec.Vni;

    /// <summary>What was configured.</summary>
    public VniSpec Spec { get; }

    /// <summary>What outlives a change of topology.</summary>
    public DomainState State { get; }

    /// <summary>Where BUM frames go beside its local ports: its multicast group, or else whom planes name.</summary>
    public ReadOnlySpan<NextHopId> FloodTargets => (_group ?? State.Flood).NextHops;

    /// <summary>Its local ports, each once.</summary>
    public ReadOnlySpan<DomainPort> Ports => _ports;

    /// <summary>Tunnel headers for frames that come from no port of ours.</summary>
    public TemplateSet Templates { get; }

    /// <summary>Unknown unicast is flooded.</summary>
    public bool FloodsUnknown { get; }

    /// <summary>An unknown unicast destination of a frame from a port is asked for first.</summary>
    public bool AsksOnMiss { get; }

    /// <summary>ARP, neighbour discovery, or both are answered from what is known, and learned from.</summary>
    public bool WatchesNeighbors { get; }

    /// <summary>The VXLAN group policy word carries the policy id in this VNI.</summary>
    public bool ReadsGbp { get; }

    /// <summary>Frames that are tagged inside the VNI may leave by one of its ports at least.</summary>
    public bool CarriesTags { get; }

    /// <summary>The domain's place for a port; null if the port is not in it.</summary>
    public DomainPort? FindPort(int portIndex)
    {
        foreach (DomainPort port in _ports)
        {
            if (port.Port.Id.Index == portIndex)
                return port;
        }

        return null;
    }

    /// <summary>True if a MAC is that of the device of one of the domain's ports. A few vector compares: the MACs lie side by side.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsLocalMac(MacAddress mac) => _localMacs.AsSpan().Contains(mac.Value);

    /// <summary>Where a frame goes by its destination. Sources, tags and lengths have been judged before.</summary>
    /// <param name="destination">Destination MAC; zero is a unicast address that nobody has.</param>
    /// <param name="ingress">The index of the port it came from; −1 if it came from the underlay.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ForwardingDecision Decide(MacAddress destination, int ingress)
    {
        if (destination.IsMulticast)
        {
            return destination.IsLinkLocalReserved && !Spec.Transparent
                ? ForwardingDecision.Drop(DropReason.LinkLocal)
                : ForwardingDecision.Flood;
        }

        FdbEntry entry = State.Fdb.Find(destination);
        if (!entry.IsPresent)
            return DecideUnknown(destination, ingress);

        FdbTarget target = entry.Target;
        if (target.IsPort)
        {
            return target.Index == ingress
                ? ForwardingDecision.Drop(DropReason.Hairpin)
                : ForwardingDecision.ToPort(target.Index);
        }

        return ingress < 0 && !Spec.Gateway
            ? ForwardingDecision.Drop(DropReason.SplitHorizon)
            : ForwardingDecision.ToNextHop(target.Index);
    }

    /// <summary>What becomes of unknown unicast for which nobody is asked (any more).</summary>
    internal ForwardingDecision OnUnknown => FloodsUnknown ? ForwardingDecision.Flood : ForwardingDecision.Drop(DropReason.FdbMissFloodOff);

    // Frames from the underlay are not asked for: whoever sent them believed that the MAC is here.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private ForwardingDecision DecideUnknown(MacAddress destination, int ingress) =>
        AsksOnMiss && ingress >= 0 && !destination.IsZero && !State.HasNobody(destination) ? ForwardingDecision.Miss : OnUnknown;

    /// <summary>A port's device has another MAC now. Control thread; the word is written whole.</summary>
    internal void SetPortMac(PortId port, MacAddress mac)
    {
        for (int i = 0; i < _ports.Length; i++)
        {
            if (_ports[i].Port.Id == port)
                Volatile.Write(ref _localMacs[i], mac.Value);
        }
    }
}
