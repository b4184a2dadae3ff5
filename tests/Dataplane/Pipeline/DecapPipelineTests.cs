using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Pipeline;
using Overlay.Encap;
using Overlay.Encap.Geneve;
using Overlay.Encap.Ip;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;
using Xunit;
using static Overlay.Dataplane.Tests.Pipeline.Bench;

namespace Overlay.Dataplane.Tests.Pipeline;

public sealed class DecapPipelineTests
{
    public static TheoryData<Wire> Wires => Bench.Wires;

    private static byte[] Broadcast => Frames.Opaque(MacAddress.Broadcast, Remote);

    [Theory]
    [MemberData(nameof(Wires))]
    public void Unicast_goes_to_its_port_and_the_rest_to_every_port_of_the_vni(Wire wire)
    {
        Bench bench = new(wire);
        bench.Node.Learn(V100, Local, bench.PortTarget("db"), FdbOrigin.Local);
        byte[] unicast = Frames.Opaque(Local, Remote);
        bench.FromB(unicast);
        Assert.Equal(unicast, bench.OnlyFrameAt("db"));
        Assert.Empty(bench.Node.Device("web").Take());
        foreach (MacAddress destination in (ReadOnlySpan<MacAddress>)[MacAddress.Broadcast, Nobody, MacAddress.Zero])
        {
            bench.FromB(Frames.Opaque(destination, Remote));
            Assert.Equal(bench.OnlyFrameAt("db"), bench.OnlyFrameAt("web"));
        }

        Assert.Empty(bench.Node.Device("clear").Take());
        Assert.Equal(4, bench.Node.Totals.Delivered(Direction.Rx));
        Assert.Equal(6, bench.Node.Totals.CopiesDelivered(Direction.Rx));
        Assert.True(bench.Node.IsBalanced());
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void The_underlay_never_leads_to_the_underlay(Wire wire)
    {
        Bench bench = new(wire);
        bench.Node.Learn(V100, Local, FdbTarget.ToNextHop(bench.HopC));
        bench.FromB(Frames.Opaque(Local, Remote));
        bench.AssertDropped(Direction.Rx, DropReason.SplitHorizon);
        bench.FromB(Broadcast);
        Assert.Empty(bench.Node.Underlay.Take());
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_gateway_passes_frames_on_but_not_back_to_where_they_came_from(Wire wire)
    {
        Bench bench = new(wire, static vni => vni with { Gateway = true });
        bench.FromB(Broadcast);
        Assert.Equal(bench.PeerC, bench.OnlyDatagram().Destination);
        Assert.Equal(Broadcast, bench.OnlyFrameAt("web"));
        bench.Node.Learn(V100, Local, FdbTarget.ToNextHop(bench.HopC));
        bench.FromB(Frames.Opaque(Local, Remote));
        SentDatagram passed = bench.OnlyDatagram();
        Assert.Equal(bench.PeerC, passed.Destination);
        Assert.Equal(Frames.Opaque(Local, Remote), bench.Read(passed).Inner);
        bench.Node.Learn(V100, Local, FdbTarget.ToNextHop(bench.HopB));
        bench.FromB(Frames.Opaque(Local, Remote));
        Assert.Equal(1, bench.Node.Dropped(Direction.Rx, DropReason.SplitHorizon));
        Assert.True(bench.Node.IsBalanced());
    }

    [Fact]
    public void A_gateway_sends_no_flow_of_a_group_back_to_where_it_came_from()
    {
        foreach (bool senderFirst in (ReadOnlySpan<bool>)[true, false])
        {
            Bench bench = new(Wire.All[0], static vni => vni with { Gateway = true });
            NextHopId[] members = senderFirst ? [bench.HopB, bench.HopC] : [bench.HopC, bench.HopB];
            bench.Node.Learn(V100, Local, FdbTarget.ToNextHop(bench.Node.Forwarding.CreateGroup(members)));
            for (int port = 0; port < 100; port++)
                bench.FromB(Frames.UdpV4(Local, Remote, sourcePort: (ushort)(2000 + port)));

            SentDatagram[] sent = [.. bench.Node.Underlay.Take()];
            Assert.All(sent, datagram => Assert.Equal(bench.PeerC, datagram.Destination));
            Assert.InRange(sent.Length, 20, 80);
            Assert.Equal(100 - sent.Length, bench.Node.Dropped(Direction.Rx, DropReason.SplitHorizon));
            Assert.True(bench.Node.IsBalanced());
        }
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void Vni_then_own_address_then_source_are_judged_before_the_inner_frame(Wire wire)
    {
        byte[] shortFrame = Broadcast[..13];
        Drop(wire, DropReason.VniUnknown, (bench, inner) => bench.FromB(inner, new Vni(101)), shortFrame);
        Drop(wire, DropReason.VtepSelf, (bench, inner) => Arrive(bench, inner, bench.Self), shortFrame);
        Drop(wire, DropReason.VtepUnknown, (bench, inner) => Arrive(bench, inner, bench.Stranger), shortFrame);
        Drop(wire, DropReason.InnerTruncated, (bench, inner) => bench.FromB(inner), shortFrame);
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_source_is_admitted_per_vni(Wire wire)
    {
        Bench bench = new(wire);
        bench.Node.Forwarding.SetAllowList(V200, [new SourceAdmission(bench.PeerC, bench.HopC)], []);
        bench.FromB(Broadcast, V200);
        bench.AssertDropped(Direction.Rx, DropReason.VtepUnknown);
        bench.FromB(Broadcast, V100);
        Assert.Equal(1, bench.Node.Totals.Delivered(Direction.Rx));

        // That it was admitted a moment ago, or elsewhere, admits it nowhere.
        bench.FromB(Broadcast, V200);
        Assert.Equal(2, bench.Node.Dropped(Direction.Rx, DropReason.VtepUnknown));
        bench.FromB(Broadcast, V100);
        bench.Node.Forwarding.SetAllowList(V100, [], []);
        bench.FromB(Broadcast, V100);
        Assert.Equal(3, bench.Node.Dropped(Direction.Rx, DropReason.VtepUnknown));
        Assert.Equal(2, bench.Node.Totals.Delivered(Direction.Rx));
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_prefix_admits_unicast_sources_and_their_macs_are_learned_by_address(Wire wire)
    {
        Bench bench = new(wire);
        Assert.True(UnderlayPrefix.TryParse(wire.IsIPv6 ? "::/0" : "0.0.0.0/0", out UnderlayPrefix all));
        bench.Node.Forwarding.SetAllowList(V100, [], [all]);
        Arrive(bench, Broadcast, bench.Stranger);
        LearnHint hint = Assert.Single(bench.Node.TakeHints());
        Assert.True(hint.SourceHasNoNextHop);
        Assert.Equal((bench.Stranger, wire.Encap, Remote), (hint.Source, hint.Encap, hint.Mac));
        Assert.Equal(1, bench.Node.Totals.Delivered(Direction.Rx));
        foreach (string bad in wire.IsIPv6 ? new[] { "ff02::1", "::" } : ["224.0.0.1", "255.255.255.255", "0.0.0.0"])
            Arrive(bench, Broadcast, UnderlayAddress.Parse(bad));

        Assert.Equal(wire.IsIPv6 ? 2 : 3, bench.Node.Dropped(Direction.Rx, DropReason.VtepUnknown));
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void An_invalid_source_mac_is_dropped_and_never_learned(Wire wire)
    {
        foreach (MacAddress source in (ReadOnlySpan<MacAddress>)[MacAddress.Zero, MacAddress.Broadcast, MacAddress.Parse("01:00:5e:00:00:01")])
        {
            Bench bench = new(wire);
            bench.FromB(Frames.Opaque(MacAddress.Broadcast, source));
            bench.AssertDropped(Direction.Rx, DropReason.InnerSourceInvalid);
            Assert.Empty(bench.Node.TakeHints());
        }
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void The_mac_of_a_port_of_ours_is_no_source_from_the_underlay_in_its_vni_only(Wire wire)
    {
        Bench bench = new(wire);
        bench.FromB(Frames.Opaque(MacAddress.Broadcast, bench.Node.Port("web").Mac));
        bench.AssertDropped(Direction.Rx, DropReason.InnerSourceIsLocal);
        Assert.Empty(bench.Node.TakeHints());
        bench.FromB(Frames.Opaque(MacAddress.Broadcast, bench.Node.Port("web").Mac), V500);
        Assert.Equal(1, bench.Node.Totals.Delivered(Direction.Rx));
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void Inner_frames_that_end_inside_a_header_are_truncated_and_bad_lengths_are_opaque(Wire wire)
    {
        byte[] ip = Frames.UdpV4(MacAddress.Broadcast, Remote);
        Drop(wire, DropReason.InnerTruncated, static (bench, inner) => bench.FromB(inner), ip[..14]);
        Drop(wire, DropReason.InnerTruncated, static (bench, inner) => bench.FromB(inner), ip[..20]);
        Drop(wire, DropReason.InnerTruncated, static (bench, inner) => bench.FromB(inner), Frames.Tagged(ip, 5)[..17]);
        foreach (int badOctet in (ReadOnlySpan<int>)[14, 16])
        {
            Bench bench = new(wire);
            byte[] bad = (byte[])ip.Clone();
            bad[badOctet] = 0xFF;
            bench.FromB(bad, tos: 3);
            Assert.Equal(bad, bench.OnlyFrameAt("web"));
        }

        Bench header = new(wire);
        header.FromB(Broadcast.AsSpan(0, 14));
        Assert.Equal(Broadcast[..14], header.OnlyFrameAt("web"));
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void Link_local_frames_stop_unless_the_vni_is_transparent(Wire wire)
    {
        byte[] lldp = Frames.Opaque(MacAddress.Parse("01:80:c2:00:00:0e"), Remote);
        Drop(wire, DropReason.LinkLocal, static (bench, inner) => bench.FromB(inner), lldp);
        Bench open = new(wire, static vni => vni with { Transparent = true });
        open.FromB(lldp);
        Assert.Equal(lldp, open.OnlyFrameAt("web"));
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void Ecn_is_combined_by_rfc_6040_in_all_sixteen_cases(Wire wire)
    {
        for (int pair = 0; pair < 32; pair++)
        {
            byte inner = (byte)(0xB8 | (pair & 3));
            byte outer = (byte)(0x28 | ((pair >> 2) & 3));
            byte[] frame = pair < 16 ? Frames.UdpV4(MacAddress.Broadcast, Remote, inner) : Frames.UdpV6(MacAddress.Broadcast, Remote, inner);
            Bench bench = new(wire);
            bench.FromB(frame, tos: outer);
            EcnVerdict expected = EcnRules.Combine(inner, outer, out bool alarm);
            Assert.Equal(alarm ? 1 : 0, bench.Node.Counters.Anomalies(AnomalyKind.EcnUnexpected));
            if (expected == EcnVerdict.Drop)
            {
                bench.AssertDropped(Direction.Rx, DropReason.EcnCeNotEct);
                continue;
            }

            byte[] delivered = bench.OnlyFrameAt("web");
            Assert.True(InnerTos.TryRead(delivered, out _, out byte tos));
            Assert.Equal(0xB8 | (byte)expected, tos);
            Assert.True(pair >= 16 || InternetChecksum.IsValid(delivered.AsSpan(14, 20)));
        }
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_frame_over_the_ports_mtu_is_too_big(Wire wire)
    {
        Bench bench = new(wire);
        bench.Node.Learn(V100, Local, bench.PortTarget("db"), FdbOrigin.Local);
        bench.FromB(Frames.Opaque(Local, Remote, 1501));
        bench.AssertDropped(Direction.Rx, DropReason.TooBigSilent);
        bench.FromB(Frames.Opaque(Local, Remote, 1500));
        Assert.Equal(1, bench.Node.Totals.Delivered(Direction.Rx));
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_remote_source_is_learned_at_the_next_hop_that_answers_to_it(Wire wire)
    {
        Bench bench = new(wire);
        bench.FromB(Broadcast);
        LearnHint hint = Assert.Single(bench.Node.TakeHints());
        Assert.Equal((V100, Remote, FdbTarget.ToNextHop(bench.HopB)), (hint.Vni, hint.Mac, hint.Seen));
        Assert.False(hint.SourceHasNoNextHop);
        bench.Node.Learn(V100, Remote, hint.Seen, FdbOrigin.Learned);
        bench.Node.Forwarding.AdvanceEpoch();
        bench.FromB(Broadcast);
        Assert.Empty(bench.Node.TakeHints());
        Assert.True(bench.Node.Forwarding.TryGetMac(V100, Remote, out FdbRow row));
        Assert.Equal(1, row.LastUseEpoch);
        bench.Node.Forwarding.SetRemoteLearning(V100, false);
        bench.FromB(Frames.Opaque(MacAddress.Broadcast, Nobody));
        Assert.Empty(bench.Node.TakeHints());
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_mac_that_was_learned_grows_old_once_learning_is_off(Wire wire)
    {
        Bench bench = new(wire);
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB), FdbOrigin.Learned);
        bench.Node.Forwarding.SetRemoteLearning(V100, false);
        bench.Node.Forwarding.AdvanceEpoch();
        bench.FromB(Broadcast);
        Assert.True(bench.Node.Forwarding.TryGetMac(V100, Remote, out FdbRow row));
        Assert.Equal(0, row.LastUseEpoch);
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_mac_does_not_move_between_two_addresses_of_one_vtep_or_within_a_group(Wire wire)
    {
        Bench bench = new(wire);
        UnderlayAddress second = wire.Address(22);
        NextHopId other = bench.Node.AddNextHop(bench.VtepB, second, wire.Encap, PolicyOptionMode.Advisory, V100);
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB), FdbOrigin.Learned);
        Arrive(bench, Broadcast, second);
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.Node.Forwarding.CreateGroup([bench.HopC, other])), FdbOrigin.Evpn, FdbFlags.Sticky);
        bench.FromB(Broadcast);
        Assert.Empty(bench.Node.TakeHints());
        Assert.Equal(2, bench.Node.Totals.Delivered(Direction.Rx));
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_sticky_mac_is_not_believed_elsewhere(Wire wire)
    {
        Bench bench = new(wire);
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopC), FdbOrigin.Evpn, FdbFlags.Sticky);
        bench.FromB(Broadcast);
        bench.AssertDropped(Direction.Rx, DropReason.MacSticky);
        Assert.Empty(bench.Node.TakeHints());
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_frozen_mac_is_believed_from_its_own_vtep_only(Wire wire)
    {
        Bench bench = new(wire);
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopC), FdbOrigin.Evpn, FdbFlags.Frozen);
        bench.FromB(Broadcast);
        bench.AssertDropped(Direction.Rx, DropReason.MacFrozen);
        Assert.Empty(bench.Node.TakeHints());
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB), FdbOrigin.Evpn, FdbFlags.Frozen);
        bench.FromB(Broadcast);
        Assert.Equal(1, bench.Node.Dropped(Direction.Rx, DropReason.MacFrozen));
        Assert.Equal(Broadcast, bench.OnlyFrameAt("web"));
    }

    [Fact]
    public void Every_parse_status_has_a_reason_of_its_kind()
    {
        foreach (ParseStatus status in Enum.GetValues<ParseStatus>())
        {
            DropReason reason = ParseDrops.ReasonOf(status);
            Assert.Equal(status == ParseStatus.Ok, reason == DropReason.None);
            Assert.InRange((int)reason, 0, DropReasons.Count - 1);
        }
    }

    [Theory]
    [InlineData("", EncapKind.Vxlan, DropReason.OuterTruncated)]
    [InlineData("08000000000064", EncapKind.Vxlan, DropReason.OuterTruncated)]
    [InlineData("0000000000006400", EncapKind.Vxlan, DropReason.VxlanNoVniFlag)]
    [InlineData("0C00000100006400", EncapKind.Vxlan, DropReason.VxlanGpeUnsupported)]
    [InlineData("0000655800006400", EncapKind.Vxlan, DropReason.WrongEncapOnPort)]
    [InlineData("00006558000064", EncapKind.Geneve, DropReason.OuterTruncated)]
    [InlineData("4000655800006400", EncapKind.Geneve, DropReason.GeneveVersion)]
    [InlineData("0080655800006400", EncapKind.Geneve, DropReason.GeneveOam)]
    [InlineData("0000080000006400", EncapKind.Geneve, DropReason.GeneveProtocol)]
    [InlineData("01406558000064000108018000000000", EncapKind.Geneve, DropReason.GeneveCriticalUnknown)]
    [InlineData("01006558000064000108011F00000000", EncapKind.Geneve, DropReason.GeneveBadOption)]
    [InlineData("0800000000006400", EncapKind.Geneve, DropReason.WrongEncapOnPort)]
    public void A_bad_tunnel_header_is_dropped_for_its_reason(string header, EncapKind encap, DropReason expected)
    {
        Bench bench = new(new Wire(encap, false));
        byte[] octets = Convert.FromHexString(header);
        byte[] datagram = octets.Length < 8 ? octets : [.. octets, .. Broadcast];

        // The case of a critical option has its type octet third in the option: 0x80 there.
        if (expected == DropReason.GeneveCriticalUnknown)
            datagram[10] = 0x81;

        bench.Node.Arrive(datagram, bench.PeerB, encap);
        bench.AssertDropped(Direction.Rx, expected);
    }

    [Fact]
    public void Reserved_bits_are_an_anomaly_or_in_strict_mode_a_drop()
    {
        byte[] datagram = Frames.Datagram(EncapKind.Vxlan, V100, Broadcast);
        datagram[7] = 1;
        Bench lenient = new(Wire.All[0]);
        lenient.Node.Arrive(datagram, lenient.PeerB, EncapKind.Vxlan);
        Assert.Equal(1, lenient.Node.Counters.Anomalies(AnomalyKind.VxlanReservedBits));
        Assert.Equal(Broadcast, lenient.OnlyFrameAt("web"));
        Bench strict = new(Wire.All[0], options: new PipelineOptions { Strict = true });
        strict.Node.Arrive(datagram, strict.PeerB, EncapKind.Vxlan);
        strict.AssertDropped(Direction.Rx, DropReason.ReservedBitsSet);
    }

    [Fact]
    public void Both_encapsulations_are_accepted_in_one_vni_from_one_peer()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Arrive(Frames.Datagram(EncapKind.Geneve, V100, Broadcast), bench.PeerB, EncapKind.Geneve);
        bench.Node.Arrive(Frames.Datagram(EncapKind.Vxlan, V100, Broadcast), bench.PeerB, EncapKind.Vxlan);
        Assert.Equal(2, bench.Node.Totals.Delivered(Direction.Rx));
        DomainState state = bench.Node.Forwarding.Current.Vnis.Find(V100)!.State;
        Assert.Equal(1, state.Traffic.Frames(DomainState.ColumnOf(Direction.Rx, EncapKind.Geneve)));
        Assert.Equal(1, state.Traffic.Frames(DomainState.ColumnOf(Direction.Rx, EncapKind.Vxlan)));
    }

    [Fact]
    public void A_drop_leaves_a_sample_with_vni_and_peer()
    {
        Bench bench = new(Wire.All[0]);
        Arrive(bench, Broadcast, bench.Stranger);
        Arrive(bench, Broadcast, bench.Self);
        bench.Node.Arrive([1, 2, 3], bench.PeerB, EncapKind.Vxlan);
        DropSample sample = Assert.IsType<DropSample>(bench.Node.Counters.TakeSample(Direction.Rx, DropReason.VtepUnknown));
        Assert.Equal((V100, bench.Stranger, 8 + Broadcast.Length), (sample.Vni, sample.Peer, sample.FrameLength));
        Assert.Equal(Frames.Datagram(EncapKind.Vxlan, V100, Broadcast)[..64], sample.Octets.ToArray());
        Assert.Null(bench.Node.Counters.TakeSample(Direction.Rx, DropReason.VtepUnknown));
        DropSample truncated = Assert.IsType<DropSample>(bench.Node.Counters.TakeSample(Direction.Rx, DropReason.OuterTruncated));
        Assert.Null(truncated.Vni);
        Assert.Equal([1, 2, 3], truncated.Octets.ToArray());
        Arrive(bench, Broadcast, bench.Stranger);
        Assert.NotNull(bench.Node.Counters.TakeSample(Direction.Rx, DropReason.VtepUnknown));
    }

    [Fact]
    public void What_the_tenant_sends_to_our_own_vtep_is_only_a_payload()
    {
        Bench bench = new(Wire.All[0]);
        byte[] nested = Frames.Prepend(EncapTemplate.Vxlan(), V200, Broadcast);
        byte[] frame = Frames.Ethernet(MacAddress.Broadcast, Tenant, 0x0800, nested);
        bench.Node.Send("web", frame);
        Assert.Equal(frame, bench.OnlyFrameAt("db"));
        Assert.Equal(0, bench.Node.Totals.Received(Direction.Rx));
    }

    private static void Arrive(Bench bench, ReadOnlySpan<byte> inner, UnderlayAddress source) =>
        bench.Node.Arrive(Frames.Datagram(bench.Wire.Encap, V100, inner), source, bench.Wire.Encap);

    private static void Drop(Wire wire, DropReason reason, Action<Bench, byte[]> send, byte[] inner)
    {
        Bench bench = new(wire);
        send(bench, inner);
        bench.AssertDropped(Direction.Rx, reason);
    }
}
