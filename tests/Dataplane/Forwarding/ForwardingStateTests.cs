using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Pipeline;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;
using Xunit;

namespace Overlay.Dataplane.Tests.Forwarding;

public sealed class ForwardingStateTests
{
    private static readonly Vni Hundred = new(100);
    private static readonly MacAddress Mac = MacAddress.Parse("02:00:00:00:00:01");
    private static readonly UnderlayAddress Self = UnderlayAddress.Parse("192.0.2.1");
    private static readonly UnderlayAddress Peer = UnderlayAddress.Parse("192.0.2.2");

    [Fact]
    public void Equal_specs_share_a_next_hop_until_the_last_reference_goes()
    {
        ForwardingState state = new();
        WorkerEpoch worker = state.Quiescence.RegisterWorker();
        VtepId vtep = state.DefineVtep("b");
        NextHopSpec spec = new(vtep, Peer, EncapKind.Geneve, 6081, PolicyOptionMode.Advisory);
        NextHopId first = state.AcquireNextHop(spec);
        Assert.Equal(first, state.AcquireNextHop(spec));
        Assert.NotEqual(first, state.AcquireNextHop(spec with { PolicyOption = PolicyOptionMode.Critical }));
        worker.Enter();
        state.ReleaseNextHop(first);
        Assert.Contains(state.ListNextHops(), hop => hop.Id == first);
        state.ReleaseNextHop(first);
        Assert.DoesNotContain(state.ListNextHops(), hop => hop.Id == first);
        Assert.Throws<ArgumentOutOfRangeException>(() => state.ReleaseNextHop(first));

        // A worker in the middle of a batch may still send by it: the index waits.
        Assert.NotEqual(first, state.AcquireNextHop(spec with { Port = 1 }));
        worker.Exit();
        Assert.Equal(first, state.AcquireNextHop(spec with { Port = 2 }));
    }

    [Fact]
    public void A_vtep_with_next_hops_is_not_removed()
    {
        ForwardingState state = new();
        VtepId vtep = state.DefineVtep("b");
        NextHopId hop = state.AcquireNextHop(new NextHopSpec(vtep, Peer, EncapKind.Vxlan, 4789, PolicyOptionMode.Advisory));
        Assert.Throws<InvalidOperationException>(() => state.RemoveVtep(vtep));
        state.ReleaseNextHop(hop);
        state.RemoveVtep(vtep);
        Assert.Throws<ArgumentOutOfRangeException>(() => state.RemoveVtep(vtep));
        Assert.Throws<ArgumentOutOfRangeException>(() => state.SetVtepState(vtep, VtepState.Down));
    }

    [Fact]
    public void Unknown_vnis_are_values_and_unknown_indexes_are_errors()
    {
        MemoryNode node = Node();
        ForwardingState state = node.Forwarding;
        NextHopId hop = node.AddPeer("b", Peer, EncapKind.Vxlan);
        Assert.False(state.TryWriteMac(new Vni(1), Mac, FdbTarget.ToNextHop(hop), FdbOrigin.Static, FdbFlags.None));
        Assert.False(state.RemoveMac(new Vni(1), Mac));
        Assert.False(state.SetFloodList(new Vni(1), []));
        Assert.False(state.SetAllowList(new Vni(1), [], []));
        Assert.False(state.SetRemoteLearning(new Vni(1), true));
        Assert.False(state.HasVni(new Vni(1)));
        NextHopId never = new(999);
        Assert.Throws<ArgumentOutOfRangeException>(() => state.TryWriteMac(Hundred, Mac, FdbTarget.ToNextHop(never), FdbOrigin.Static, FdbFlags.None));
        Assert.Throws<ArgumentOutOfRangeException>(() => state.TryWriteMac(Hundred, Mac, FdbTarget.ToPort(new PortId(99)), FdbOrigin.Static, FdbFlags.None));
        Assert.Throws<ArgumentOutOfRangeException>(() => state.SetFloodList(Hundred, [never]));
        Assert.Throws<ArgumentOutOfRangeException>(() => state.SetAllowList(Hundred, [new SourceAdmission(Peer, never)], []));
        Assert.Throws<ArgumentException>(() => state.SetFloodList(Hundred, [hop, hop]));
        Assert.Throws<ArgumentException>(() => state.SetFloodList(Hundred, [state.CreateGroup([hop])]));
        Assert.Throws<ArgumentException>(() => state.CreateGroup([state.CreateGroup([hop])]));
        Assert.Throws<ArgumentOutOfRangeException>(() => state.CreateGroup([]));
    }

    [Fact]
    public void A_full_daemon_refuses_an_entry_and_says_so_by_a_value()
    {
        MemoryNode node = new([Self], fdbLimit: 1);
        node.Apply(Topology(100));
        NextHopId hop = node.AddPeer("b", Peer, EncapKind.Vxlan);
        Assert.True(node.Forwarding.TryWriteMac(Hundred, Mac, FdbTarget.ToNextHop(hop), FdbOrigin.Static, FdbFlags.None));
        Assert.False(node.Forwarding.TryWriteMac(Hundred, new MacAddress(2), FdbTarget.ToNextHop(hop), FdbOrigin.Static, FdbFlags.None));
        Assert.Equal((1, 1), (node.Forwarding.FdbCount, node.Forwarding.FdbLimit));
    }

    [Fact]
    public void A_vni_that_stays_keeps_its_table_lists_and_counters_over_a_change_of_topology()
    {
        MemoryNode node = Node();
        NextHopId hop = node.AddPeer("b", Peer, EncapKind.Vxlan, PolicyOptionMode.Advisory, Hundred);
        node.Learn(Hundred, Mac, FdbTarget.ToNextHop(hop));
        node.Forwarding.SetRemoteLearning(Hundred, true);
        DomainState before = node.Forwarding.Current.Vnis.Find(Hundred)!.State;
        node.Apply(Topology(100, 200));
        DomainState after = node.Forwarding.Current.Vnis.Find(Hundred)!.State;
        Assert.Same(before, after);
        Assert.True(after.RemoteLearning);
        Assert.True(node.Forwarding.TryGetMac(Hundred, Mac, out _));
        Assert.Equal([hop], after.Flood.NextHops.ToArray());
        Assert.True(node.Forwarding.HasVni(new Vni(200)));
    }

    [Fact]
    public void A_vni_that_goes_gives_its_room_back_and_comes_back_empty()
    {
        MemoryNode node = Node();
        NextHopId hop = node.AddPeer("b", Peer, EncapKind.Vxlan, PolicyOptionMode.Advisory, Hundred);
        node.Learn(Hundred, Mac, FdbTarget.ToNextHop(hop));
        node.Apply(Topology(200));
        Assert.Equal(0, node.Forwarding.FdbCount);
        Assert.False(node.Forwarding.HasVni(Hundred));
        node.Arrive(Frames.Datagram(EncapKind.Vxlan, Hundred, Frames.Opaque(MacAddress.Broadcast, Mac)), Peer, EncapKind.Vxlan);
        Assert.Equal(1, node.Dropped(Direction.Rx, DropReason.VniUnknown));
        node.Apply(Topology(100));
        Assert.False(node.Forwarding.TryGetMac(Hundred, Mac, out _));
        Assert.True(node.Forwarding.Current.Vnis.Find(Hundred)!.State.Flood.NextHops.IsEmpty);
    }

    [Fact]
    public void The_extreme_vnis_are_legal()
    {
        MemoryNode node = new([Self]);
        node.Apply(Topology(0, 0xFF_FFFF, 4096, 4095));
        foreach (uint vni in (ReadOnlySpan<uint>)[0, 0xFF_FFFF, 4096, 4095])
            Assert.Equal(new Vni(vni), node.Forwarding.Current.Vnis.Find(new Vni(vni))!.Vni);

        Assert.Null(node.Forwarding.Current.Vnis.Find(new Vni(1)));
        Assert.Null(node.Forwarding.Current.Vnis.Find(new Vni(0xFF_FFFE)));
    }

    [Fact]
    public void A_list_of_admitted_sources_tells_them_apart()
    {
        List<SourceAdmission> sources = [];
        for (int i = 0; i < 1000; i++)
        {
            sources.Add(new SourceAdmission(UnderlayAddress.FromIPv4(0x0A00_0000u + (uint)i), new NextHopId(i)));
            sources.Add(new SourceAdmission(UnderlayAddress.Parse($"2001:db8::{i:x}"), new NextHopId(2000 + i)));
        }

        UnderlayAddress scoped = UnderlayAddress.Parse("fe80::1").WithScope(3);
        sources.Add(new SourceAdmission(scoped, new NextHopId(7)));
        AllowList list = new([.. sources], []);
        foreach (SourceAdmission source in sources)
        {
            Assert.True(list.TryAdmit(source.Address, out int hop));
            Assert.Equal(source.NextHop.Index, hop);
        }

        Assert.False(list.TryAdmit(UnderlayAddress.Parse("fe80::1").WithScope(4), out _));
        Assert.False(list.TryAdmit(UnderlayAddress.Parse("10.0.4.0"), out _));
        Assert.False(AllowList.Empty.TryAdmit(Peer, out _));
        Assert.False(AllowList.Empty.TryAdmit(default, out _));
    }

    [Fact]
    public void Hints_of_all_rings_are_read_and_a_full_ring_loses_the_newest()
    {
        ForwardingState state = new();
        Pipeline.LearnRingFiller.Fill(state.AddLearnRing(4), 10, 6);
        Pipeline.LearnRingFiller.Fill(state.AddLearnRing(4), 20, 1);
        LearnHint[] hints = new LearnHint[16];
        int count = state.ReadHints(hints);
        Assert.Equal(5, count);
        Assert.Equal([10u, 11u, 12u, 13u, 20u], hints[..count].Select(static hint => (uint)hint.Mac.Value).Order());
        Assert.Equal(0, state.ReadHints(hints));
    }

    [Fact]
    public void An_index_that_a_hint_names_is_not_given_out_before_the_hint_was_dealt_with()
    {
        ForwardingState state = new();
        LearnRing ring = state.AddLearnRing(4);
        WorkerEpoch worker = state.Quiescence.RegisterWorker();
        VtepId vtep = state.DefineVtep("b");
        NextHopSpec spec = new(vtep, Peer, EncapKind.Geneve, 6081, PolicyOptionMode.Advisory);
        NextHopId old = state.AcquireNextHop(spec);
        worker.Enter();
        state.ReleaseNextHop(old);
        Assert.True(ring.TryAdd(new LearnHint { Vni = Hundred, Mac = Mac, Seen = FdbTarget.ToNextHop(old) }));
        worker.Exit();
        Assert.NotEqual(old, state.AcquireNextHop(spec with { Port = 1 }));

        // Taken is not dealt with: the next reading says that it was.
        Assert.Equal(1, state.ReadHints(new LearnHint[4]));
        Assert.NotEqual(old, state.AcquireNextHop(spec with { Port = 2 }));
        Assert.True(ring.TryAdd(new LearnHint { Vni = Hundred, Mac = Mac, Seen = FdbTarget.ToNextHop(new NextHopId(1)) }));
        Assert.Equal(1, state.ReadHints(new LearnHint[4]));
        Assert.Equal(old, state.AcquireNextHop(spec with { Port = 3 }));
    }

    [Fact]
    public void No_more_workers_than_announced()
    {
        ForwardingState state = new(maxWorkers: 1);
        Assert.Equal(0, state.AddWorker().Index);
        Assert.Throws<InvalidOperationException>(state.AddWorker);
    }

    private static TopologySpec Topology(params uint[] vnis) => new()
    {
        Ports = System.Collections.Immutable.ImmutableSortedDictionary<string, PortSpec>.Empty.Add("p", new PortSpec { Name = "p", Device = "p" }),
        Vnis = [.. vnis.Order().Select(static vni => new VniSpec { Vni = new Vni(vni), Ports = vni == 100 ? ["p"] : [] })],
    };

    private static MemoryNode Node()
    {
        MemoryNode node = new([Self]);
        node.Apply(Topology(100));
        return node;
    }
}
