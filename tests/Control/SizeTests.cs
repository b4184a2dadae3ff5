using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Control.Tables;
using Overlay.Control.Tests.Support;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

[Collection(nameof(SizeTests))]
[CollectionDefinition(nameof(SizeTests), DisableParallelization = true)]
public sealed class SizeTests
{
    private const int Count = 100_000;

    [Fact]
    public void A_route_costs_no_object_and_at_most_400_octets()
    {
        var writer = new CountingWriter();
        var core = new ControlCore(writer, new ControlOptions(), new ManualTime(), NullLogger.Instance);
        PlaneState plane = core.AddPlane("evpn", RouteOrigin.Evpn, null);
        core.SetLocalAddresses([Ip("192.0.2.1")]);
        core.SetTopology(new TopologySpec { Vnis = [new VniSpec { Vni = new Vni(V) }] }, new Dictionary<string, PortId>());
        core.Describe(plane, null, Vtep("b", "192.0.2.2"));
        Give(core, plane, 1);
        core.Flush();
        long before = GC.GetTotalMemory(true);
        long began = Stopwatch.GetTimestamp();
        Give(core, plane, Count);
        core.Flush();
        TimeSpan took = Stopwatch.GetElapsedTime(began);
        long perRoute = (GC.GetTotalMemory(true) - before) / Count;
        Assert.InRange(perRoute, 1, 400);
        Assert.Equal(Count, writer.Writes);

        // Generous: a quarter of a second is normal, a busy machine is not.
        Assert.InRange(took.TotalSeconds, 0, 10);

        long allocated = GC.GetAllocatedBytesForCurrentThread();
        plane.BeginResync(ResyncScope.Plane);
        core.Describe(plane, null, Vtep("b", "192.0.2.2"));
        Give(core, plane, Count);
        core.CompleteResync(plane, ResyncScope.Plane);
        core.FinishWork();
        core.Flush();
        Assert.Equal(Count, writer.Writes);
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - allocated) / Count, 0, 4);
        GC.KeepAlive(core);
    }

    private static void Give(ControlCore core, PlaneState plane, int count)
    {
        NextHopRef b = To("b");
        for (int i = 1; i <= count; i++)
        {
            core.Upsert(plane, null, new MacRoute(new Vni(V), Mac(i), b));
        }
    }

    /// <summary>Tables that hold nothing, so that what is measured is the control side.</summary>
    private sealed class CountingWriter : IForwardingWriter
    {
        public int Writes { get; private set; }

        public ushort Epoch => 0;

        public VtepId DefineVtep(string name) => default;

        public void RemoveVtep(VtepId vtep)
        {
        }

        public void SetVtepState(VtepId vtep, VtepState state)
        {
        }

        public NextHopId AcquireNextHop(in NextHopSpec spec) => default;

        public NextHopId CreateGroup(ReadOnlySpan<NextHopId> members) => default;

        public void ReleaseNextHop(NextHopId nextHop)
        {
        }

        public bool HasVni(Vni vni) => true;

        public bool TryWriteMac(Vni vni, MacAddress mac, FdbTarget target, FdbOrigin origin, FdbFlags flags)
        {
            Writes++;
            return true;
        }

        public bool RemoveMac(Vni vni, MacAddress mac) => true;

        public bool TryGetMac(Vni vni, MacAddress mac, out FdbRow row)
        {
            row = default;
            return false;
        }

        public bool SetFloodList(Vni vni, ReadOnlySpan<NextHopId> nextHops) => true;

        public bool SetAllowList(Vni vni, ReadOnlySpan<SourceAdmission> sources, ReadOnlySpan<UnderlayPrefix> prefixes) => true;

        public bool SetRemoteLearning(Vni vni, bool enabled) => true;

        public bool WriteNeighbor(Vni vni, UnderlayAddress address, in NeighborBinding binding) => true;

        public bool RemoveNeighbor(Vni vni, UnderlayAddress address) => true;

        public bool TryGetNeighborUse(Vni vni, UnderlayAddress address, out ushort lastUse)
        {
            lastUse = 0;
            return true;
        }

        public bool WriteNegative(Vni vni, MacAddress mac) => true;

        public bool RemoveNegative(Vni vni, MacAddress mac) => true;

        public void ReleaseHeld(Vni vni, MacAddress mac)
        {
        }

        public void AgeHeld(int turns)
        {
        }

        public void AdvanceEpoch()
        {
        }

        public int ReadHints(Span<LearnHint> hints) => 0;

        public bool AwaitHint(Action wake) => true;

        public int ReadMacs(Vni vni, ref int cursor, Span<FdbRow> rows)
        {
            cursor = 0;
            return 0;
        }
    }
}
