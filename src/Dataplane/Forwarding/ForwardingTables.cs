using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Overlay.Dataplane.Ports;
using Overlay.Encap;
using Overlay.Encap.Geneve;
using Overlay.Forwarding;

namespace Overlay.Dataplane.Forwarding;

/// <summary>
/// One consistent view of the topology, which a worker reads once per batch: VNIs, ports and their places, next hops, our own addresses. Immutable, but for
/// the elements of the next-hop array, each of which is published by a release store.
/// </summary>
public sealed class ForwardingTables
{
    private readonly PortBinding?[] _ports;
    private readonly UnderlayAddress[] _self;

    internal ForwardingTables(
        VniMap vnis, ImmutableArray<BridgeDomain> domains, PortBinding?[] ports, NextHop?[] nextHops, UnderlayAddress[] self, GeneveOptionRegistry registry)
    {
        Vnis = vnis;
        Domains = domains;
        _ports = ports;
        NextHops = nextHops;
        _self = self;
        Registry = registry;
        foreach (BridgeDomain domain in domains)
            ReadsGbp |= domain.ReadsGbp;
    }

    /// <summary>VNI to domain.</summary>
    public VniMap Vnis { get; }

    /// <summary>The domains, by ascending VNI.</summary>
    public ImmutableArray<BridgeDomain> Domains { get; }

    /// <summary>The options that are understood.</summary>
    public GeneveOptionRegistry Registry { get; }

    /// <summary>Some VNI carries the policy id as VXLAN group policy id.</summary>
    public bool ReadsGbp { get; }

    /// <summary>The next hops by index. A worker that meets an index beyond it, or an empty element, reads the tables anew: the array was grown since.</summary>
    internal NextHop?[] NextHops { get; }

    /// <summary>The ports by index.</summary>
    internal ReadOnlySpan<PortBinding?> Ports => _ports;

    internal UnderlayAddress[] Self => _self;

    /// <summary>
    /// The places of a port; null if the tables do not know it (any more). A port that was replaced by one with the same index on the same device is found as
    /// that one: a worker still reads it under the old object for a moment after a reload, and its frames must not be lost.
    /// </summary>
    public PortBinding? Find(Port port) =>
        FindPort(port.Id.Index) is { } binding && (binding.Port == port || binding.Port.Device == port.Device) ? binding : null;

    /// <summary>The places of the port with an index; null if there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PortBinding? FindPort(int index) => (uint)index < (uint)_ports.Length ? _ports[index] : null;

    /// <summary>The next hop with an index; null if there is none in this array.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public NextHop? FindNextHop(int index) => (uint)index < (uint)NextHops.Length ? Volatile.Read(ref NextHops[index]) : null;

    /// <summary>True if an address is one of our own VTEP addresses.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsSelf(UnderlayAddress address)
    {
        foreach (UnderlayAddress own in _self)
        {
            if (own.Equals(address))
                return true;
        }

        return false;
    }

    internal ForwardingTables With(NextHop?[] nextHops) => new(Vnis, Domains, _ports, nextHops, _self, Registry);
}
