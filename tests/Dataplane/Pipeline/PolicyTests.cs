using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Pipeline;
using Overlay.Encap;
using Overlay.Encap.Geneve;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;
using Xunit;
using static Overlay.Dataplane.Tests.Pipeline.Bench;

namespace Overlay.Dataplane.Tests.Pipeline;

public sealed class PolicyTests
{
    private static readonly Wire Geneve = new(EncapKind.Geneve, false);
    private static readonly Wire Vxlan = new(EncapKind.Vxlan, false);

    private static byte[] Broadcast => Frames.Opaque(MacAddress.Broadcast, Remote);

    [Fact]
    public void Policy_and_identity_are_written_as_options_and_the_peer_says_whether_critical()
    {
        Bench bench = new(Geneve, static vni => vni with { PolicyId = 17 });
        bench.Node.Send("web", Frames.Opaque(MacAddress.Broadcast, Tenant));
        SentDatagram[] sent = bench.Node.Underlay.Take();
        Assert.All(sent, datagram =>
        {
            TunnelInfo info = bench.Read(datagram).Info;
            Assert.Equal((true, 17u, true, 7u), (info.HasPolicy, info.PolicyId, info.HasIdentity, info.Identity));
        });
        Assert.Equal(0, sent[0].Payload[1]);
        Assert.Equal(0x40, sent[1].Payload[1]);
        Assert.Equal(0x81, sent[1].Payload[10]);
    }

    [Fact]
    public void A_port_without_identity_and_a_vni_without_policy_write_a_bare_header()
    {
        Bench bench = new(Geneve);
        bench.Node.Send("db", Frames.Opaque(MacAddress.Broadcast, Tenant));
        Assert.All(bench.Node.Underlay.Take(), datagram => Assert.Equal(8 + 64, datagram.Payload.Length));
    }

    [Fact]
    public void Classes_and_types_are_the_configured_ones()
    {
        Bench bench = new(Geneve, static vni => vni with { PolicyId = 17, PolicyRequired = true }, changeAll: static topology =>
            topology with { PolicyOption = new OptionSpec(0xFFF0, 1), IdentityOption = new OptionSpec(0xFFF2, 3), TelemetryOption = new OptionSpec(0xFFF1, 2) });
        bench.Node.Send("web", Frames.Opaque(MacAddress.Broadcast, Tenant));
        byte[] payload = bench.Node.Underlay.Take()[0].Payload;
        Assert.Equal([0xFF, 0xF0, 1, 1], payload.AsSpan(8, 4).ToArray());
        bench.Node.Arrive(payload, bench.PeerB, EncapKind.Geneve);
        Assert.Equal(1, bench.Node.Totals.Delivered(Direction.Rx));
    }

    [Theory]
    [InlineData(VxlanPolicyAction.Drop, false, AnomalyKind.PolicyStripped)]
    [InlineData(VxlanPolicyAction.Strip, true, AnomalyKind.PolicyStripped)]
    [InlineData(VxlanPolicyAction.MapToGbp, true, AnomalyKind.PolicyMappedToGbp)]
    public void Towards_vxlan_peers_the_policy_is_stripped_or_mapped_and_counted(VxlanPolicyAction action, bool required, AnomalyKind counted)
    {
        Bench bench = new(Vxlan, vni => vni with { PolicyId = 0x1_0011, OnVxlanPeer = action, PolicyRequired = required });
        bench.Node.Send("web", Frames.Opaque(MacAddress.Broadcast, Tenant));
        SentDatagram[] sent = bench.Node.Underlay.Take();
        Assert.Equal(2, sent.Length);
        bool gbp = action == VxlanPolicyAction.MapToGbp;
        Assert.All(sent, datagram =>
        {
            TunnelInfo info = bench.Read(datagram, gbp).Info;
            Assert.Equal(gbp, info.HasPolicy);
            Assert.Equal(gbp ? 0x11u : 0u, info.PolicyId);
        });
        Assert.Equal(2, bench.Node.Counters.Anomalies(counted));
    }

    [Fact]
    public void A_required_policy_that_vxlan_cannot_carry_is_a_drop()
    {
        Bench bench = new(Vxlan, static vni => vni with { PolicyId = 17, PolicyRequired = true });
        bench.Node.Learn(V100, Remote, FdbTarget.ToNextHop(bench.HopB));
        bench.Node.Send("web", Frames.Opaque(Remote, Tenant));
        bench.AssertDropped(Direction.Tx, DropReason.EncapCannotCarryPolicy);
    }

    [Fact]
    public void A_required_policy_is_asked_of_every_geneve_frame()
    {
        Bench bench = new(Geneve, static vni => vni with { PolicyId = 17, PolicyRequired = true });
        bench.FromB(Broadcast);
        bench.AssertDropped(Direction.Rx, DropReason.PolicyOptionMissing);
        bench.Node.Arrive(
            Frames.Datagram(EncapKind.Geneve, V100, Broadcast, GeneveOption.Policy(GeneveOptionRegistry.Default, 99, true)), bench.PeerB, EncapKind.Geneve);
        Assert.Equal(1, bench.Node.Totals.Delivered(Direction.Rx));
    }

    [Theory]
    [InlineData(VxlanPolicyAction.Drop, false, false)]
    [InlineData(VxlanPolicyAction.Strip, false, true)]
    [InlineData(VxlanPolicyAction.MapToGbp, false, false)]
    [InlineData(VxlanPolicyAction.MapToGbp, true, true)]
    public void From_vxlan_peers_a_required_policy_comes_as_gbp_or_is_excused(VxlanPolicyAction action, bool gbp, bool delivered)
    {
        Bench bench = new(Vxlan, vni => vni with { PolicyId = 17, OnVxlanPeer = action, PolicyRequired = true });
        EncapTemplate template = gbp ? EncapTemplate.VxlanGbp(17) : EncapTemplate.Vxlan();
        bench.Node.Arrive(Frames.Prepend(template, V100, Broadcast), bench.PeerB, EncapKind.Vxlan);
        Assert.Equal(delivered ? 1 : 0, bench.Node.Totals.Delivered(Direction.Rx));
        Assert.Equal(delivered ? 0 : 1, bench.Node.Dropped(Direction.Rx, DropReason.PolicyOptionMissing));
    }

    [Fact]
    public void Gbp_in_a_vni_that_does_not_read_it_is_a_reserved_bit()
    {
        byte[] datagram = Frames.Prepend(EncapTemplate.VxlanGbp(17, dontLearn: true), V200, Broadcast);
        foreach (bool strict in (ReadOnlySpan<bool>)[false, true])
        {
            // Another VNI reads it, so the parser does.
            Bench bench = new(Vxlan, static vni => vni.Vni == V100 ? vni with { PolicyId = 1, OnVxlanPeer = VxlanPolicyAction.MapToGbp } : vni, new PipelineOptions { Strict = strict });
            bench.Node.Forwarding.SetRemoteLearning(V200, true);
            bench.Node.Arrive(datagram, bench.PeerB, EncapKind.Vxlan);
            Assert.Equal(strict ? 1 : 0, bench.Node.Dropped(Direction.Rx, DropReason.ReservedBitsSet));
            Assert.Equal(strict ? 0 : 1, bench.Node.Counters.Anomalies(AnomalyKind.VxlanReservedBits));
            Assert.Equal(strict ? 0 : 1, bench.Node.TakeHints().Length);
        }
    }

    [Fact]
    public void The_gbp_bit_that_forbids_learning_is_heeded()
    {
        Bench bench = new(Vxlan, static vni => vni with { PolicyId = 1, OnVxlanPeer = VxlanPolicyAction.MapToGbp });
        bench.Node.Arrive(Frames.Prepend(EncapTemplate.VxlanGbp(17, dontLearn: true), V100, Broadcast), bench.PeerB, EncapKind.Vxlan);
        Assert.Equal(1, bench.Node.Totals.Delivered(Direction.Rx));
        Assert.Empty(bench.Node.TakeHints());
    }

    [Fact]
    public void What_a_peer_claims_is_shown()
    {
        Bench bench = new(Geneve);
        GeneveOptionRegistry registry = GeneveOptionRegistry.Default;
        bench.Node.Arrive(
            Frames.Datagram(EncapKind.Geneve, V100, Broadcast, GeneveOption.Policy(registry, 17, false), GeneveOption.Identity(registry, 0xFFFF_FFFF, false)),
            bench.PeerB,
            EncapKind.Geneve);
        NextHop peer = Assert.Single(bench.Node.Forwarding.ListNextHops(), hop => hop.Id == bench.HopB);
        Assert.Equal((17u, 0xFFFF_FFFFu), (peer.SeenPolicy, peer.SeenIdentity));
        Assert.Null(Assert.Single(bench.Node.Forwarding.ListNextHops(), hop => hop.Id == bench.HopC).SeenPolicy);
        Assert.Equal(1, peer.Traffic.Frames((int)Direction.Rx));
    }
}
