using System.Collections.Immutable;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Ports;
using Overlay.Dataplane.Storm;
using Overlay.Encap;
using Overlay.Encap.Geneve;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Forwarding;

/// <content>Ports, VNIs and the places of ports in VNIs.</content>
public sealed partial class ForwardingState
{
    /// <summary>Gives an index for a new port. Control thread.</summary>
    public PortId AllocatePortId() => new(_portIds.Allocate());

    /// <summary>Takes a port's index back; it is reused when every worker has passed a batch boundary. Control thread, after the tables without the port were published.</summary>
    public void ReleasePortId(PortId port) => _portIds.Return(port.Index);

    /// <summary>
    /// Makes a topology the one in force, by one reference swap. VNIs that stay keep their FDB, lists and counters; entries that lead to a port which is not in
    /// the VNI any more lead nowhere (<c>port_down</c>) until their owner removes them. Control thread.
    /// </summary>
    /// <param name="spec">The topology, validated. A name without a port is a port that could not be opened: it is left out.</param>
    /// <param name="ports">The ports in being, by name.</param>
    /// <param name="self">Our own VTEP addresses: datagrams from them are <c>vtep_self</c>.</param>
    /// <param name="groups">The ways to the multicast groups that VNIs flood to; a VNI whose group is not among them floods to its ports alone.</param>
    public void ApplyTopology(
        TopologySpec spec, IReadOnlyDictionary<string, Port> ports, IEnumerable<UnderlayAddress> self, IReadOnlyDictionary<FloodGroup, GroupPath>? groups = null)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(ports);
        GeneveOptionRegistry registry = RegistryOf(spec);
        foreach (Port port in ports.Values)
        {
            Port? before = Current.FindPort(port.Id.Index)?.Port;
            if (!ReferenceEquals(before, port))
                port.Traffic = before is not null && before.Device == port.Device ? before.Traffic : new TrafficCounters(_maxWorkers);
        }

        HashSet<Vni> stay = [.. spec.Vnis.Select(static vni => vni.Vni)];
        List<DomainState> gone = [.. _domains.Where(pair => !stay.Contains(pair.Key)).Select(static pair => pair.Value)];
        foreach (VniSpec vni in spec.Vnis)
        {
            if (!_domains.ContainsKey(vni.Vni))
                _domains[vni.Vni] = NewDomain(vni);
        }

        ImmutableArray<BridgeDomain> domains = [.. spec.Vnis.OrderBy(static vni => vni.Vni).Select(vni => Build(vni, spec, ports, registry, GroupOf(vni, groups)))];
        VniMap vnis = new(domains);
        PortBinding?[] bindings = new PortBinding?[_portIds.HighWater];
        foreach (Port port in ports.Values)
            bindings[port.Id.Index] = Bind(port, vnis, domains);

        Publish(new ForwardingTables(vnis, domains, bindings, _current.NextHops, [.. self], registry));
        CountChange();
        _written = null;
        foreach (Vni vni in _domains.Keys.Where(vni => !stay.Contains(vni)).ToArray())
            _domains.Remove(vni);

        ReleaseGroups(spec);
        foreach (DomainState state in gone)
        {
            state.Fdb.Abandon();
            state.Negative?.Abandon();
            _domainIndexes.Return(state.Index);
        }
    }

    /// <summary>The MAC of a port's device changed. Control thread.</summary>
    public void SetPortMac(Port port, MacAddress mac)
    {
        ArgumentNullException.ThrowIfNull(port);
        port.Mac = mac;
        foreach (BridgeDomain domain in _current.Domains)
            domain.SetPortMac(port.Id, mac);
    }

    private static GeneveOptionRegistry RegistryOf(TopologySpec spec) => new(IdOf(spec.PolicyOption), IdOf(spec.TelemetryOption), IdOf(spec.IdentityOption));

    private static GeneveOptionId IdOf(OptionSpec option) => new(option.Class, option.Type);

    private DomainState NewDomain(VniSpec vni) => new(_domainIndexes.Allocate(), _budget, _maxWorkers, _time.TimestampFrequency)
    {
        // Until a plane says more, who is configured by prefix may speak.
        Allow = new AllowList([], vni.Allow.AsSpan()),
        RemoteLearning = vni.RemoteLearning ?? false,
    };

    private BridgeDomain Build(VniSpec vni, TopologySpec spec, IReadOnlyDictionary<string, Port> ports, GeneveOptionRegistry registry, FloodList? group)
    {
        List<DomainPort> places = [];
        foreach (string name in vni.Ports)
        {
            if (ports.TryGetValue(name, out Port? port) && port.Spec.Mode != PortMode.Trunk)
                places.Add(Place(port, 0));
        }

        foreach (string name in spec.Ports.Keys)
        {
            if (!ports.TryGetValue(name, out Port? port) || port.Spec.Mode != PortMode.Trunk)
                continue;

            if (port.Spec.NativeVni == vni.Vni)
                places.Add(Place(port, 0));
            else if (VidOf(port.Spec, vni.Vni) is { } vid)
                places.Add(Place(port, vid));
        }

        DomainState state = _domains[vni.Vni];
        state.Storm.SetLimits(vni.Storm);
        state.SetGateway(vni.Gateway);
        state.KeepMeters(places.Select(static place => place.Port.Spec.Name));
        return new BridgeDomain(vni, state, [.. places], registry, group);

        DomainPort Place(Port port, ushort vid)
        {
            StormMeter meter = _domains[vni.Vni].MeterOf(port.Spec.Name);
            meter.SetLimits(vni.Storm);
            return new DomainPort(port, vid, DomainPort.MayCarryTags(port.Spec.Mode, vid, vni), new TemplateSet(vni, port.Spec.Identity, registry), meter);
        }
    }

    private static ushort? VidOf(PortSpec port, Vni vni)
    {
        foreach ((int vid, Vni mapped) in port.Vlans)
        {
            if (mapped == vni)
                return (ushort)vid;
        }

        return null;
    }

    private PortBinding Bind(Port port, VniMap vnis, ImmutableArray<BridgeDomain> domains)
    {
        if (port.Spec.Mode != PortMode.Trunk)
        {
            DomainPort? place = null;
            foreach (BridgeDomain domain in domains)
                place ??= domain.FindPort(port.Id.Index);

            return PortBinding.ForUntagged(port, place);
        }

        DomainPort? native = port.Spec.NativeVni is { } vni ? vnis.Find(vni)?.FindPort(port.Id.Index) : null;
        List<DomainPort> tagged = [];
        foreach (Vni mapped in port.Spec.Vlans.Values)
        {
            if (mapped != port.Spec.NativeVni && vnis.Find(mapped)?.FindPort(port.Id.Index) is { } place)
                tagged.Add(place);
        }

        return PortBinding.ForTrunk(port, native, tagged, _domainIndexes.HighWater);
    }
}
