using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Pipeline;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;
using Xunit;
using static Overlay.Dataplane.Tests.Pipeline.Bench;

namespace Overlay.Dataplane.Tests.Pipeline;

public sealed class EncapPipelineTests
{
    public static TheoryData<Wire> Wires => Bench.Wires;

    [Theory]
    [MemberData(nameof(Wires))]
    public void Known_unicast_goes_to_its_next_hop_alone(Wire wire)
    {
        Bench bench = new(wire);
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopC));
        byte[] frame = Frames.Opaque(Remote, Tenant);
        bench.Node.Send("web", frame);
        SentDatagram sent = bench.OnlyDatagram();
        Assert.Equal(bench.PeerC, sent.Destination);
        Assert.Equal(wire.Encap == EncapKind.Vxlan ? 4789 : 6081, sent.Port);
        (TunnelInfo info, byte[] inner) = bench.Read(sent);
        Assert.Equal(V100, info.Vni);
        Assert.Equal(frame, inner);
        Assert.Empty(bench.Node.Device("db").Take());
        Assert.Equal(1, bench.Node.Totals.Delivered(Direction.Tx));
        Assert.Equal(0, bench.Node.Totals.Copies(Direction.Tx));
        Assert.True(bench.Node.IsBalanced());
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void Broadcast_multicast_and_unknown_unicast_are_copied_to_everybody_else(Wire wire)
    {
        foreach (MacAddress destination in (ReadOnlySpan<MacAddress>)[MacAddress.Broadcast, MacAddress.Parse("33:33:00:00:00:01"), Nobody, MacAddress.Zero])
        {
            Bench bench = new(wire);
            byte[] frame = Frames.Opaque(destination, Tenant);
            bench.Node.Send("web", frame);
            SentDatagram[] sent = bench.Node.Underlay.Take();
            Assert.Equal([bench.PeerB, bench.PeerC], sent.Select(static datagram => datagram.Destination));
            Assert.All(sent, datagram => Assert.Equal(frame, bench.Read(datagram).Inner));
            Assert.Equal(frame, bench.OnlyFrameAt("db"));
            Assert.Empty(bench.Node.Device("web").Take());
            Assert.Equal(1, bench.Node.Totals.Delivered(Direction.Tx));
            Assert.Equal(3, bench.Node.Totals.CopiesDelivered(Direction.Tx));
            Assert.True(bench.Node.IsBalanced());
        }
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_frame_to_another_local_port_keeps_its_virtio_header(Wire wire)
    {
        Bench bench = new(wire);
        bench.Node.Learn(V100, Local, bench.PortTarget("db"), FdbOrigin.Local);
        byte[] frame = Frames.Unfinished(Frames.Tcp(Local, Tenant));
        VnetHeader vnet = new(VnetHeader.NeedsChecksum, 0, 0, 0, 34, 16);
        bench.Node.Send("web", frame, vnet);
        (byte[] delivered, VnetHeader header) = Assert.Single(bench.Node.Device("db").Take());
        Assert.Equal(frame, delivered);
        Assert.Equal(vnet, header);
        Assert.Empty(bench.Node.Underlay.Take());
        Assert.True(bench.Node.IsBalanced());
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void An_unfinished_checksum_is_finished_before_encapsulation(Wire wire)
    {
        foreach (bool ipv6 in (ReadOnlySpan<bool>)[false, true])
        {
            Bench bench = new(wire);
            byte[] right = Frames.Tcp(MacAddress.Broadcast, Tenant, ipv6, 333);
            ushort start = (ushort)(ipv6 ? 54 : 34);
            bench.Node.Send("web", Frames.Unfinished((byte[])right.Clone()), new VnetHeader(VnetHeader.NeedsChecksum, 0, 0, 0, start, 16));
            Assert.All(bench.Node.Underlay.Take(), datagram => Assert.Equal(right, bench.Read(datagram).Inner));

            // The copy to the local port shares the octets: it must not ask for the sum again.
            (byte[] local, VnetHeader vnet) = Assert.Single(bench.Node.Device("db").Take());
            Assert.Equal(right, local);
            Assert.False(vnet.NeedsCsum);
        }
    }

    [Fact]
    public void A_finished_udp_checksum_is_never_zero()
    {
        byte[] frame = Frames.UdpV4(Remote, Tenant, payloadLength: 32);
        Span<byte> udp = frame.AsSpan(34);
        udp[6] = udp[7] = 0xFF;
        udp[8] = udp[9] = 0;

        // With the pseudo-header sum in the field, choose a word of data that makes the whole sum 0xFFFF, whose complement is 0.
        byte[] unfinished = Frames.Unfinished((byte[])frame.Clone());
        ushort sum = Encap.Ip.InternetChecksum.Sum(unfinished.AsSpan(34));
        unfinished[42] = (byte)((0xFFFF - sum) >> 8);
        unfinished[43] = (byte)(0xFFFF - sum);
        ChecksumOffload.Finish(unfinished, new VnetHeader(VnetHeader.NeedsChecksum, 0, 0, 0, 34, 6));
        Assert.Equal(0xFFFF, (unfinished[40] << 8) | unfinished[41]);
    }

    [Theory]
    [InlineData(0, 1, 0, 0, 34, 16)]
    [InlineData(0, 1, 54, 1448, 34, 16)]
    [InlineData(0, 9, 54, 1448, 34, 16)]
    [InlineData(1, 0, 0, 0, 3000, 16)]
    [InlineData(1, 0, 0, 0, 65535, 65535)]
    [InlineData(0, 0, 9000, 0, 0, 0)]
    [InlineData(1, 5, 0, 0, 34, 6)]
    public void A_virtio_header_that_contradicts_the_frame_or_the_agreement_is_dropped(byte flags, byte gso, ushort headers, ushort size, ushort start, ushort offset)
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Send("web", Frames.Tcp(Remote, Tenant), new VnetHeader(flags, gso, headers, size, start, offset));
        bench.AssertDropped(Direction.Tx, DropReason.TapBadVnetHeader);
        Assert.Empty(bench.Node.TakeHints());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(13)]
    public void A_frame_under_fourteen_octets_is_malformed(int length)
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Send("web", Frames.Opaque(Remote, Tenant).AsSpan(0, length));
        bench.AssertDropped(Direction.Tx, DropReason.TapMalformed);
    }

    [Theory]
    [InlineData("web")]
    [InlineData("trunk")]
    [InlineData("clear")]
    public void A_truncated_tag_is_malformed_on_every_kind_of_port(string port)
    {
        for (int length = 14; length < 18; length++)
        {
            Bench bench = new(Wire.All[0]);
            bench.Node.Send(port, Frames.Tagged(Frames.Opaque(Remote, Tenant), 20).AsSpan(0, length));
            bench.AssertDropped(Direction.Tx, DropReason.TapMalformed);
        }
    }

    [Fact]
    public void Eight_tags_are_opaque_to_a_transparent_port()
    {
        Bench bench = new(Wire.All[0]);
        byte[] frame = Frames.Opaque(MacAddress.Broadcast, Tenant);
        for (int i = 0; i < 8; i++)
            frame = Frames.Tagged(frame, i + 1);

        bench.Node.Send("clear", frame);
        Assert.Equal(frame, bench.Read(bench.Node.Underlay.Take()[0]).Inner);
    }

    [Theory]
    [InlineData("00:00:00:00:00:00")]
    [InlineData("01:00:5e:00:00:01")]
    [InlineData("ff:ff:ff:ff:ff:ff")]
    public void An_invalid_source_is_dropped_and_not_learned(string source)
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Send("web", Frames.Opaque(MacAddress.Broadcast, MacAddress.Parse(source)));
        bench.AssertDropped(Direction.Tx, DropReason.InnerSourceInvalid);
        Assert.Empty(bench.Node.TakeHints());
    }

    [Fact]
    public void The_mac_of_another_ports_device_is_no_source_but_that_of_its_own_is()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Send("web", Frames.Opaque(MacAddress.Broadcast, bench.Node.Port("db").Mac));
        bench.AssertDropped(Direction.Tx, DropReason.InnerSourceIsLocal);
        Assert.Empty(bench.Node.TakeHints());
        bench.Node.Send("web", Frames.Opaque(MacAddress.Broadcast, bench.Node.Port("web").Mac));
        Assert.Equal(1, bench.Node.Totals.Delivered(Direction.Tx));
        bench.Node.Forwarding.SetPortMac(bench.Node.Port("db"), Nobody);
        bench.Node.Send("web", Frames.Opaque(MacAddress.Broadcast, Nobody));
        Assert.Equal(2, bench.Node.Dropped(Direction.Tx, DropReason.InnerSourceIsLocal));
    }

    [Fact]
    public void A_source_is_learned_until_the_table_says_so_and_then_only_touched()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Device("web").Put(Frames.Opaque(Remote, Tenant));
        bench.Node.Device("web").Put(Frames.Opaque(Remote, Tenant));
        bench.Node.Pump();
        LearnHint hint = Assert.Single(bench.Node.TakeHints());
        Assert.Equal((V100, Tenant, bench.PortTarget("web")), (hint.Vni, hint.Mac, hint.Seen));
        bench.Node.Learn(V100, Tenant, hint.Seen, FdbOrigin.Local);
        bench.Node.Forwarding.AdvanceEpoch();
        bench.Node.Send("web", Frames.Opaque(Remote, Tenant));
        Assert.Empty(bench.Node.TakeHints());
        Assert.True(bench.Node.Forwarding.TryGetMac(V100, Tenant, out FdbRow row));
        Assert.Equal(1, row.LastUseEpoch);

        // It moves to another port: a hint again, and the frame passes.
        bench.Node.Send("db", Frames.Opaque(Remote, Tenant));
        Assert.Equal(bench.PortTarget("db"), Assert.Single(bench.Node.TakeHints()).Seen);
    }

    [Fact]
    public void A_mac_known_to_be_remote_moves_by_a_hint_unless_it_is_sticky()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Learn(V100, Tenant, FdbTarget.ToNextHop(bench.HopB), FdbOrigin.Evpn);
        bench.Node.Send("web", Frames.Opaque(MacAddress.Broadcast, Tenant));
        Assert.Single(bench.Node.TakeHints());
        bench.Node.Learn(V100, Tenant, FdbTarget.ToNextHop(bench.HopB), FdbOrigin.Evpn, FdbFlags.Sticky);
        bench.Node.Send("web", Frames.Opaque(MacAddress.Broadcast, Tenant));
        Assert.Equal(1, bench.Node.Dropped(Direction.Tx, DropReason.MacSticky));
        Assert.Empty(bench.Node.TakeHints());
    }

    [Fact]
    public void A_frozen_mac_sends_and_receives_where_it_is_and_nowhere_else()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Learn(V100, Tenant, bench.PortTarget("web"), FdbOrigin.Local, FdbFlags.Frozen);
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB), FdbOrigin.Learned);
        bench.Node.Send("db", Frames.Opaque(Remote, Tenant));
        Assert.Equal(1, bench.Node.Dropped(Direction.Tx, DropReason.MacFrozen));
        bench.FromB(Frames.Opaque(Local, Tenant));
        Assert.Equal(1, bench.Node.Dropped(Direction.Rx, DropReason.MacFrozen));
        bench.AssertNothingDelivered();
        Assert.Empty(bench.Node.TakeHints());

        bench.Node.Send("web", Frames.Opaque(Remote, Tenant));
        Assert.Single(bench.Node.Underlay.Take());
        bench.FromB(Frames.Opaque(Tenant, Remote));
        Assert.Equal(Frames.Opaque(Tenant, Remote), bench.OnlyFrameAt("web"));
    }

    [Fact]
    public void A_mac_that_is_frozen_where_it_was_learned_blocks_no_port()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Learn(V100, Tenant, FdbTarget.ToNextHop(bench.HopB), FdbOrigin.Learned, FdbFlags.Frozen);
        bench.Node.Send("web", Frames.Opaque(MacAddress.Broadcast, Tenant));
        Assert.Single(bench.Node.TakeHints());
        Assert.Equal(1, bench.Node.Totals.Delivered(Direction.Tx));
    }

    [Fact]
    public void A_frame_does_not_leave_by_the_port_it_came_from()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Learn(V100, Local, bench.PortTarget("web"), FdbOrigin.Local);
        bench.Node.Send("web", Frames.Opaque(Local, Tenant));
        bench.AssertDropped(Direction.Tx, DropReason.Hairpin);
    }

    [Theory]
    [InlineData("01:80:c2:00:00:00")]
    [InlineData("01:80:c2:00:00:0f")]
    public void Link_local_frames_stay_on_the_link_unless_the_vni_is_transparent(string destination)
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Send("web", Frames.Opaque(MacAddress.Parse(destination), Tenant));
        bench.AssertDropped(Direction.Tx, DropReason.LinkLocal);
        Bench open = new(Wire.All[0], static vni => vni with { Transparent = true });
        open.Node.Send("web", Frames.Opaque(MacAddress.Parse(destination), Tenant));
        Assert.Equal(2, open.Node.Underlay.Take().Length);
    }

    [Fact]
    public void Unknown_unicast_is_dropped_where_it_is_not_flooded_and_broadcast_is_not()
    {
        Bench bench = new(Wire.All[0], static vni => vni with { UnknownUnicast = UnknownUnicast.Drop });
        bench.Node.Send("web", Frames.Opaque(Nobody, Tenant));
        bench.AssertDropped(Direction.Tx, DropReason.FdbMissFloodOff);
        bench.Node.Send("web", Frames.Opaque(MacAddress.Broadcast, Tenant));
        Assert.Equal(1, bench.Node.Totals.Delivered(Direction.Tx));
    }

    [Fact]
    public void A_frame_to_flood_without_anybody_to_hear_it_says_so()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Forwarding.SetFloodList(V400, []);
        bench.Node.Send("trunk", Frames.Opaque(MacAddress.Broadcast, Tenant));
        bench.AssertDropped(Direction.Tx, DropReason.FloodListEmpty);
    }

    [Fact]
    public void A_dead_vtep_is_skipped_by_flooding_and_drops_unicast()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Learn(V400, Remote, FdbTarget.ToNextHop(bench.HopB));
        bench.Node.Forwarding.SetVtepState(bench.VtepB, VtepState.Down);
        bench.Node.Send("trunk", Frames.Opaque(Remote, Tenant));
        bench.AssertDropped(Direction.Tx, DropReason.VtepDown);
        bench.Node.Send("trunk", Frames.Opaque(MacAddress.Broadcast, Tenant));
        Assert.Equal(bench.PeerC, bench.OnlyDatagram().Destination);
        Assert.Equal(1, bench.Node.Totals.CopyDropped(Direction.Tx, DropReason.VtepDown));
        Assert.Equal(1, bench.Node.Totals.CopiesDelivered(Direction.Tx));
        bench.Node.Forwarding.SetVtepState(bench.VtepC, VtepState.Down);
        bench.Node.Send("trunk", Frames.Opaque(MacAddress.Broadcast, Tenant));
        Assert.Equal(2, bench.Node.Dropped(Direction.Tx, DropReason.VtepDown));
        Assert.Equal(3, bench.Node.Totals.CopyDropped(Direction.Tx, DropReason.VtepDown));
        Assert.True(bench.Node.IsBalanced());
        bench.Node.Forwarding.SetVtepState(bench.VtepB, VtepState.Up);
        bench.Node.Send("trunk", Frames.Opaque(Remote, Tenant));
        Assert.Equal(bench.PeerB, bench.OnlyDatagram().Destination);
    }

    [Fact]
    public void A_frame_over_the_ports_mtu_is_too_big_and_one_tag_does_not_count()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Send("web", Frames.Opaque(MacAddress.Broadcast, Tenant, 1501));
        bench.AssertDropped(Direction.Tx, DropReason.TooBigSilent);
        bench.Node.Send("web", Frames.Opaque(MacAddress.Broadcast, Tenant, 1500));
        bench.Node.Send("trunk", Frames.Tagged(Frames.Opaque(MacAddress.Broadcast, Tenant, 1500), 20));
        Assert.Equal(2, bench.Node.Totals.Delivered(Direction.Tx));
        bench.Node.Send("trunk", Frames.Tagged(Frames.Opaque(MacAddress.Broadcast, Tenant, 1501), 20));
        bench.Node.Send("web", Frames.Opaque(MacAddress.Broadcast, Tenant, 65_535 - 14));
        Assert.Equal(3, bench.Node.Dropped(Direction.Tx, DropReason.TooBigSilent));
    }

    [Fact]
    public void A_copy_that_fits_no_port_is_dropped_apart_from_its_frame()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Port("db").Mtu = 1000;
        bench.Node.Send("web", Frames.Opaque(MacAddress.Broadcast, Tenant, 1200));
        Assert.Equal(1, bench.Node.Totals.Delivered(Direction.Tx));
        Assert.Equal(1, bench.Node.Totals.CopyDropped(Direction.Tx, DropReason.TooBigSilent));
        Assert.Equal(2, bench.Node.Totals.CopiesDelivered(Direction.Tx));
        Assert.Equal(0, bench.Node.Totals.Dropped(Direction.Tx));
        Assert.True(bench.Node.IsBalanced());
    }

    [Fact]
    public void A_refused_copy_is_counted_apart_and_a_refused_frame_is_a_drop()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Underlay.Refuse = DropReason.UnderlayUnreachable;
        bench.Node.Underlay.RefuseOnly = bench.PeerB;
        bench.Node.Send("web", Frames.Opaque(MacAddress.Broadcast, Tenant));
        Assert.Equal(1, bench.Node.Totals.CopyDropped(Direction.Tx, DropReason.UnderlayUnreachable));
        Assert.Equal(0, bench.Node.Totals.Dropped(Direction.Tx));
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB));
        bench.Node.Send("web", Frames.Opaque(Remote, Tenant));
        Assert.Equal(1, bench.Node.Dropped(Direction.Tx, DropReason.UnderlayUnreachable));
        Assert.True(bench.Node.IsBalanced());
    }

    [Fact]
    public void A_port_that_is_down_full_or_gone_says_which()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Learn(V100, Local, bench.PortTarget("db"), FdbOrigin.Local);
        bench.Node.Port("db").IsUp = false;
        bench.Node.Send("web", Frames.Opaque(Local, Tenant));
        Assert.Equal(1, bench.Node.Dropped(Direction.Tx, DropReason.PortDown));
        bench.Node.Port("db").IsUp = true;
        bench.Node.Device("db").Room = 0;
        bench.Node.Send("web", Frames.Opaque(Local, Tenant));
        Assert.Equal(1, bench.Node.Dropped(Direction.Tx, DropReason.TapFull));
        bench.Node.Learn(V100, Local, bench.PortTarget("clear"), FdbOrigin.Local);
        bench.Node.Send("web", Frames.Opaque(Local, Tenant));
        Assert.Equal(2, bench.Node.Dropped(Direction.Tx, DropReason.PortDown));
        bench.AssertNothingDelivered();
    }

    [Fact]
    public void A_port_without_a_vni_says_so()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Send("nowhere", Frames.Opaque(MacAddress.Broadcast, Tenant));
        bench.AssertDropped(Direction.Tx, DropReason.NoVni);
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void Outer_dscp_and_ecn_follow_the_inner_packet(Wire wire)
    {
        for (int tos = 0; tos < 256; tos += 5)
        {
            Bench bench = new(wire);
            bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB));
            bench.Node.Send("web", (tos & 1) == 0 ? Frames.UdpV4(Remote, Tenant, (byte)tos) : Frames.UdpV6(Remote, Tenant, (byte)tos));
            SentDatagram sent = bench.OnlyDatagram();
            Assert.Equal(tos, sent.Tos);
            Assert.Equal(0, sent.Ttl);
        }
    }

    [Fact]
    public void A_configured_dscp_replaces_the_inner_one_but_ecn_stays()
    {
        Bench bench = new(Wire.All[0], options: new PipelineOptions { Dscp = 46 });
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB));
        bench.Node.Send("web", Frames.UdpV4(Remote, Tenant, tos: (10 << 2) | 3));
        Assert.Equal((46 << 2) | 3, bench.OnlyDatagram().Tos);
        bench.Node.Send("web", Frames.Opaque(Remote, Tenant));
        Assert.Equal(46 << 2, bench.OnlyDatagram().Tos);
    }

    [Fact]
    public void The_ttl_is_inherited_where_that_is_set()
    {
        Bench bench = new(Wire.All[0], options: new PipelineOptions { InheritTtl = true });
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB));
        bench.Node.Send("web", Frames.UdpV4(Remote, Tenant, ttl: 7));
        bench.Node.Send("web", Frames.UdpV6(Remote, Tenant, hopLimit: 8));
        bench.Node.Send("web", Frames.Opaque(Remote, Tenant));
        bench.Node.Send("web", Frames.UdpV4(Remote, Tenant, ttl: 0));
        Assert.Equal([7, 8, 64, 1], bench.Node.Underlay.Take().Select(static datagram => (int)datagram.Ttl));
    }

    [Fact]
    public void A_flow_keeps_its_hash_on_every_path()
    {
        Bench bench = new(Wire.All[0]);
        byte[] frame = Frames.UdpV4(Remote, Tenant);
        bench.Node.Send("web", frame);
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB));
        bench.Node.Send("web", frame);
        Assert.Single(bench.Node.Underlay.Take().Select(static datagram => datagram.FlowHash).Distinct());
    }

    [Fact]
    public void A_full_batch_that_is_flooded_far_and_wide_loses_nothing_and_keeps_order()
    {
        Bench bench = new(Wire.All[0]);
        for (int peer = 0; peer < 40; peer++)
            bench.Node.AddPeer($"p{peer}", bench.Wire.Address(100 + peer), bench.Wire.Encap, PolicyOptionMode.Advisory, V100);

        for (int i = 0; i < 64; i++)
            bench.Node.Device("web").Put(Frames.UdpV4(MacAddress.Broadcast, Tenant, sourcePort: (ushort)(i + 1)));

        bench.Node.Pump();
        SentDatagram[] sent = bench.Node.Underlay.Take();
        Assert.Equal(64 * 42, sent.Length);
        foreach (IGrouping<UnderlayAddress, SentDatagram> peer in sent.GroupBy(static datagram => datagram.Destination))
            Assert.Equal(Enumerable.Range(1, 64), peer.Select(datagram => (bench.Read(datagram).Inner[34] << 8) | bench.Read(datagram).Inner[35]));

        Assert.Equal(Enumerable.Range(1, 64), bench.Node.Device("db").Take().Select(static frame => (frame.Frame[34] << 8) | frame.Frame[35]));
        Assert.Equal(64 * 43, bench.Node.Totals.CopiesDelivered(Direction.Tx));
        Assert.Equal(64, bench.Node.Totals.Delivered(Direction.Tx));
        Assert.True(bench.Node.IsBalanced());
    }

    [Fact]
    public void Flows_spread_over_a_group_and_only_those_of_a_dead_member_move()
    {
        Bench bench = new(Wire.All[0]);
        NextHopId group = bench.Node.Forwarding.CreateGroup([bench.HopB, bench.HopC]);
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(group));
        UnderlayAddress[] before = Flows(bench);
        Assert.InRange(before.Count(address => address == bench.PeerB), 50, 150);
        Assert.Equal(before, Flows(bench));
        bench.Node.Forwarding.SetVtepState(bench.VtepB, VtepState.Down);
        Assert.All(Flows(bench), address => Assert.Equal(bench.PeerC, address));
        bench.Node.Forwarding.SetVtepState(bench.VtepC, VtepState.Down);
        bench.Node.Send("web", Frames.UdpV4(Remote, Tenant));
        Assert.Equal(1, bench.Node.Dropped(Direction.Tx, DropReason.VtepDown));
    }

    [Fact]
    public void A_next_hop_published_in_the_middle_of_a_batch_is_found()
    {
        Bench bench = new(Wire.All[0]);
        List<NextHopId> hops = [];
        for (int i = 0; i < 200; i++)
            hops.Add(bench.Node.AddPeer($"p{i}", bench.Wire.Address(50 + (i % 100)), EncapKind.Geneve));

        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(hops[^1]));
        bench.Node.Send("web", Frames.Opaque(Remote, Tenant));
        Assert.Equal(bench.Wire.Address(149), bench.OnlyDatagram().Destination);
    }

    private static UnderlayAddress[] Flows(Bench bench)
    {
        for (int flow = 0; flow < 200; flow++)
            bench.Node.Send("web", Frames.UdpV4(Remote, Tenant, sourcePort: (ushort)flow));

        return [.. bench.Node.Underlay.Take().Select(static datagram => datagram.Destination)];
    }
}
