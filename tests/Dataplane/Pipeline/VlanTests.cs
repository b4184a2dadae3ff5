using Overlay.Dataplane.Diagnostics;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Forwarding;
using Overlay.TestKit.InMemory;
using Xunit;
using static Overlay.Dataplane.Tests.Pipeline.Bench;

namespace Overlay.Dataplane.Tests.Pipeline;

public sealed class VlanTests
{
    public static TheoryData<Wire> Wires => Bench.Wires;

    private static byte[] Broadcast => Frames.Opaque(MacAddress.Broadcast, Tenant);

    [Theory]
    [InlineData(20, EtherType.Vlan)]
    [InlineData(0, EtherType.Vlan)]
    [InlineData(20, EtherType.ServiceVlan)]
    public void A_tagged_frame_is_not_allowed_on_an_access_port(int vid, int tpid)
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Send("web", Frames.Tagged(Broadcast, vid, (ushort)tpid));
        bench.AssertDropped(Direction.Tx, DropReason.VlanNotAllowed);
        bench.FromB(Frames.Tagged(Broadcast, vid, (ushort)tpid));
        Assert.Equal(1, bench.Node.Dropped(Direction.Rx, DropReason.VlanNotAllowed));
        bench.AssertNothingDelivered();
    }

    [Fact]
    public void Nothing_is_learned_from_a_tagged_frame_that_no_port_may_take()
    {
        Bench bench = new(Wire.All[0]);
        bench.FromB(Frames.Tagged(Broadcast, 20));
        bench.Node.Learn(V100, Local, bench.PortTarget("db"), FdbOrigin.Local);
        bench.FromB(Frames.Tagged(Frames.Opaque(Local, Remote), 20));
        Assert.Equal(2, bench.Node.Dropped(Direction.Rx, DropReason.VlanNotAllowed));
        Assert.Empty(bench.Node.TakeHints());
        bench.AssertNothingDelivered();
        bench.FromB(Frames.Opaque(Local, Remote));
        Assert.Single(bench.Node.TakeHints());
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_transparent_vni_carries_tags_through_access_ports(Wire wire)
    {
        Bench bench = new(wire, static vni => vni with { Transparent = true });
        byte[] frame = Frames.Tagged(Broadcast, 20);
        bench.Node.Send("web", frame);
        Assert.Equal(frame, bench.Read(bench.Node.Underlay.Take()[0]).Inner);
        Assert.Equal(frame, bench.OnlyFrameAt("db"));
        bench.FromB(frame);
        Assert.Equal(frame, bench.OnlyFrameAt("web"));
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_trunk_strips_the_tag_that_selects_the_vni_and_pushes_it_back(Wire wire)
    {
        foreach ((int vid, Vni vni) in (ReadOnlySpan<(int, Vni)>)[(20, V200), (30, V300)])
        {
            Bench bench = new(wire);
            bench.Node.Send("trunk", Frames.Tagged(Broadcast, vid));
            (TunnelInfo info, byte[] inner) = bench.Read(bench.Node.Underlay.Take()[0]);
            Assert.Equal(vni, info.Vni);
            Assert.Equal(Broadcast, inner);
            bench.FromB(Broadcast, vni);
            Assert.Equal(Frames.Tagged(Broadcast, vid), bench.OnlyFrameAt("trunk"));
        }
    }

    [Fact]
    public void A_trunk_without_a_map_for_the_tag_drops_it()
    {
        foreach (byte[] frame in new[] { Frames.Tagged(Broadcast, 21), Frames.Tagged(Broadcast, 4095), Frames.Tagged(Broadcast, 20, EtherType.ServiceVlan) })
        {
            Bench bench = new(Wire.All[0]);
            bench.Node.Send("trunk", frame);
            bench.AssertDropped(Direction.Tx, DropReason.VlanNotAllowed);
        }
    }

    [Fact]
    public void Untagged_and_priority_tagged_frames_of_a_trunk_belong_to_the_native_vni()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Send("trunk", Broadcast);
        bench.Node.Send("trunk", Frames.Tagged(Broadcast, 0));
        SentDatagram[] sent = bench.Node.Underlay.Take();
        Assert.Equal(4, sent.Length);
        Assert.All(sent, datagram =>
        {
            (TunnelInfo info, byte[] inner) = bench.Read(datagram);
            Assert.Equal(V400, info.Vni);
            Assert.Equal(Broadcast, inner);
        });
        bench.FromB(Broadcast, V400);
        Assert.Equal(Broadcast, bench.OnlyFrameAt("trunk"));
    }

    [Theory]
    [InlineData(EtherType.Vlan)]
    [InlineData(EtherType.ServiceVlan)]
    public void A_priority_tag_does_not_lead_the_tag_behind_it_into_the_native_VNI(int behind)
    {
        foreach (int vid in (ReadOnlySpan<int>)[0, 20, 30, 77])
        {
            Bench bench = new(Wire.All[0]);
            bench.Node.Send("trunk", Frames.Tagged(Frames.Tagged(Broadcast, vid, (ushort)behind), 0));
            bench.AssertDropped(Direction.Tx, DropReason.VlanNotAllowed);
            Assert.Empty(bench.Node.TakeHints());
        }
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void Service_tags_select_where_the_trunk_says_so_and_customer_tags_behind_them_stay(Wire wire)
    {
        Bench bench = ServiceTrunk(wire);
        byte[] customers = Frames.Tagged(Broadcast, 77);
        foreach (byte[] inner in new[] { Broadcast, customers })
        {
            bench.Node.Send("trunk", Frames.Tagged(inner, 20, EtherType.ServiceVlan));
            SentDatagram[] sent = bench.Node.Underlay.Take();
            Assert.Equal(2, sent.Length);
            (TunnelInfo info, byte[] octets) = bench.Read(sent[0]);
            Assert.Equal(V200, info.Vni);
            Assert.Equal(inner, octets);

            // The other trunk of the VNI has customer tags.
            Assert.Equal(Frames.Tagged(inner, 21), bench.OnlyFrameAt("trunk2"));
            bench.FromB(inner, V200);
            Assert.Equal(Frames.Tagged(inner, 20, EtherType.ServiceVlan), bench.OnlyFrameAt("trunk"));
            bench.Node.Device("trunk2").Take();
        }

        bench.Node.Learn(V200, Local, bench.PortTarget("trunk"), FdbOrigin.Local);
        byte[] unicast = Frames.Opaque(Local, Remote);
        bench.FromB(unicast, V200);
        Assert.Equal(Frames.Tagged(unicast, 20, EtherType.ServiceVlan), bench.OnlyFrameAt("trunk"));
    }

    [Fact]
    public void Where_service_tags_select_customer_tags_do_not()
    {
        foreach (byte[] frame in new[] { Frames.Tagged(Broadcast, 20), Frames.Tagged(Broadcast, 0), Frames.Tagged(Frames.Tagged(Broadcast, 20), 0, EtherType.ServiceVlan) })
        {
            Bench bench = ServiceTrunk(Wire.All[0]);
            bench.Node.Send("trunk", frame);
            bench.AssertDropped(Direction.Tx, DropReason.VlanNotAllowed);
        }

        Bench native = ServiceTrunk(Wire.All[0]);
        foreach (byte[] frame in new[] { Broadcast, Frames.Tagged(Broadcast, 0, EtherType.ServiceVlan) })
        {
            native.Node.Send("trunk", frame);
            Assert.All(native.Node.Underlay.Take(), datagram => Assert.Equal(V400, native.Read(datagram).Info.Vni));
        }
    }

    private static Bench ServiceTrunk(Wire wire) => new(wire, changeAll: static topology => topology with
    {
        Ports = topology.Ports.SetItem("trunk", topology.Ports["trunk"] with { TagType = EtherType.ServiceVlan }),
    });

    [Fact]
    public void Untagged_frames_of_a_trunk_without_native_vni_are_not_allowed()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Send("trunk2", Broadcast);
        bench.AssertDropped(Direction.Tx, DropReason.VlanNotAllowed);
    }

    [Fact]
    public void A_tag_inside_the_native_vni_does_not_leave_by_a_trunk_where_it_would_name_another()
    {
        Bench bench = new(Wire.All[0]);
        bench.FromB(Frames.Tagged(Broadcast, 20), V400);
        bench.AssertDropped(Direction.Rx, DropReason.VlanNotAllowed);
    }

    [Fact]
    public void A_second_tag_is_the_tenants_and_stays()
    {
        Bench bench = new(Wire.All[0]);
        byte[] inner = Frames.Tagged(Broadcast, 77);
        bench.Node.Send("trunk", Frames.Tagged(inner, 20));
        Assert.Equal(inner, bench.Read(bench.Node.Underlay.Take()[0]).Inner);
        Assert.Equal(Frames.Tagged(inner, 21), bench.OnlyFrameAt("trunk2"));
    }

    [Fact]
    public void Unicast_between_two_trunks_changes_the_tag()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Learn(V200, Local, bench.PortTarget("trunk2"), FdbOrigin.Local);
        byte[] frame = Frames.Opaque(Local, Tenant);
        bench.Node.Send("trunk", Frames.Tagged(frame, 20));
        Assert.Equal(Frames.Tagged(frame, 21), bench.OnlyFrameAt("trunk2"));
        Assert.Empty(bench.Node.Underlay.Take());
        bench.Node.Send("trunk", Frames.Tagged(frame, 30));
        Assert.Empty(bench.Node.Device("trunk2").Take());
    }

    [Fact]
    public void A_checksums_place_moves_with_the_tag()
    {
        Bench bench = new(Wire.All[0]);
        bench.Node.Learn(V200, Local, bench.PortTarget("trunk2"), FdbOrigin.Local);
        byte[] frame = Frames.Tagged(Frames.Unfinished(Frames.Tcp(Local, Tenant)), 20);
        bench.Node.Send("trunk", frame, new VnetHeader(VnetHeader.NeedsChecksum, 0, 0, 0, 38, 16));
        (byte[] delivered, VnetHeader vnet) = Assert.Single(bench.Node.Device("trunk2").Take());
        Assert.Equal((38, 16), (vnet.CsumStart, vnet.CsumOffset));
        Assert.Equal(21, delivered[15]);

        byte[] flooded = Frames.Tagged(Frames.Tcp(MacAddress.Broadcast, Tenant), 20);
        byte[] unfinished = Frames.Tagged(Frames.Unfinished(Frames.Tcp(MacAddress.Broadcast, Tenant)), 20);
        bench.Node.Send("trunk", unfinished, new VnetHeader(VnetHeader.NeedsChecksum, 0, 0, 0, 38, 16));
        Assert.Equal(flooded.AsSpan(16).ToArray(), bench.OnlyFrameAt("trunk2").AsSpan(16).ToArray());
    }

    [Fact]
    public void A_transparent_port_carries_tags_untouched_both_ways()
    {
        Bench bench = new(Wire.All[0]);
        byte[] frame = Frames.Tagged(Frames.Tagged(Broadcast, 30), 20, EtherType.ServiceVlan);
        bench.Node.Send("clear", frame);
        (TunnelInfo info, byte[] inner) = bench.Read(bench.Node.Underlay.Take()[0]);
        Assert.Equal(V500, info.Vni);
        Assert.Equal(frame, inner);
        bench.FromB(frame, V500);
        Assert.Equal(frame, bench.OnlyFrameAt("clear"));
    }

    [Fact]
    public void A_frame_flooded_to_tagged_and_untagged_ports_is_right_at_each()
    {
        Bench bench = new(Wire.All[0], changeAll: static topology => topology with
        {
            Vnis = topology.Vnis.Replace(topology.Vnis[1], topology.Vnis[1] with { Ports = ["nowhere"] }),
        });
        bench.FromB(Broadcast, V200);
        Assert.Equal(Frames.Tagged(Broadcast, 20), bench.OnlyFrameAt("trunk"));
        Assert.Equal(Frames.Tagged(Broadcast, 21), bench.OnlyFrameAt("trunk2"));
        Assert.Equal(Broadcast, bench.OnlyFrameAt("nowhere"));
        bench.Node.Send("nowhere", Broadcast);
        Assert.Equal(Frames.Tagged(Broadcast, 20), bench.OnlyFrameAt("trunk"));
        Assert.Equal(Frames.Tagged(Broadcast, 21), bench.OnlyFrameAt("trunk2"));
        Assert.All(bench.Node.Underlay.Take(), datagram => Assert.Equal(Broadcast, bench.Read(datagram).Inner));
    }
}
