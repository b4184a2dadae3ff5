using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Workers;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Dataplane.Tests.Service;

/// <summary>Two dataplanes in this process, each in a namespace, joined by a veth; each with a TAP in a namespace of its own that plays the tenant.</summary>
internal sealed class TwoHosts : IDisposable
{
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    internal static readonly Vni Vni = new(100);

    internal TwoHosts(bool isIPv6, EncapKind encap, int workers = 1, string? device = null)
    {
        string a = Lab.AddHost("a");
        string b = Lab.AddHost("b");
        NetLab.Join(a, "u0", b, "u0");
        UnderlayA = UnderlayAddress.Parse(isIPv6 ? "2001:db8::1" : "192.0.2.1");
        UnderlayB = UnderlayAddress.Parse(isIPv6 ? "2001:db8::2" : "192.0.2.2");
        NetLab.Address(a, "u0", $"{UnderlayA}/{(isIPv6 ? 64 : 24)}");
        NetLab.Address(b, "u0", $"{UnderlayB}/{(isIPv6 ? 64 : 24)}");
        HostA = a;
        HostB = b;
        TenantA = Lab.AddHost("ta");
        TenantB = Lab.AddHost("tb");
        A = Begin(a, UnderlayA, TenantA, UnderlayB, encap, workers, device);
        B = Begin(b, UnderlayB, TenantB, UnderlayA, encap, workers, device);
        NetLab.Address(TenantA, "tap0", "10.0.0.1/24", "fd00::1/64");
        NetLab.Address(TenantB, "tap0", "10.0.0.2/24", "fd00::2/64");
    }

    internal NetLab Lab { get; } = new();

    internal DataplaneService A { get; }

    internal DataplaneService B { get; }

    internal string HostA { get; }

    internal string HostB { get; }

    internal string TenantA { get; }

    internal string TenantB { get; }

    internal UnderlayAddress UnderlayA { get; }

    internal UnderlayAddress UnderlayB { get; }

    public void Dispose()
    {
        A.Dispose();
        B.Dispose();
        Lab.Dispose();
    }

    internal static TopologySpec Topology(string tenant, Func<PortSpec, PortSpec>? shape = null)
    {
        PortSpec port = new() { Name = "web", Device = "tap0", Netns = tenant };
        port = shape?.Invoke(port) ?? port;
        return new TopologySpec
        {
            Ports = ImmutableSortedDictionary<string, PortSpec>.Empty.Add(port.Name, port),
            Vnis = [new VniSpec { Vni = Vni, Ports = [port.Name] }],
        };
    }

    internal static void Apply(DataplaneService service, string host, TopologySpec topology)
    {
        using TopologyPlan plan = NetNs.Run(host, () => service.Prepare(topology));
        Assert.Empty(plan.Errors);
        service.Commit(plan);
        service.RetireAsync(plan).Wait(Limit);
    }

    /// <summary>The identity that holds for every dataplane at rest.</summary>
    internal static void AssertBalanced(DataplaneService service)
    {
        CounterSnapshot counters = Wait.Settled(() => service.Snapshot().Counters.Received(Direction.Tx), TimeSpan.FromMilliseconds(100), Limit) >= 0
            ? service.Snapshot().Counters
            : throw new InvalidOperationException();
        foreach (Direction direction in new[] { Direction.Tx, Direction.Rx })
            Assert.Equal(counters.Received(direction), counters.Delivered(direction) + counters.Consumed(direction) + counters.Dropped(direction));
    }

    private static DataplaneService Begin(string host, UnderlayAddress local, string tenant, UnderlayAddress peer, EncapKind encap, int workers, string? device)
    {
        var spec = new UnderlaySpec { Local = [local], Device = device };
        var service = new DataplaneService(
            spec, new WorkerOptions { Count = workers }, new FlowHashSeed(1, 2), TimeProvider.System, NullLoggerFactory.Instance);
        StartResult started = NetNs.Run(host, () => service.Start());
        Assert.Empty(started.Errors);
        Apply(service, host, Topology(tenant));
        IForwardingWriter writer = service.Forwarding;
        VtepId vtep = writer.DefineVtep("peer");
        ushort port = (encap == EncapKind.Vxlan ? spec.VxlanPort : spec.GenevePort)!.Value;
        NextHopId hop = writer.AcquireNextHop(new NextHopSpec(vtep, peer, encap, port, PolicyOptionMode.Advisory));
        Assert.True(writer.SetFloodList(Vni, [hop]));
        Assert.True(writer.SetAllowList(Vni, [new SourceAdmission(peer, hop)], []));
        return service;
    }
}
