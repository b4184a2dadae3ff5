using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Pipeline;
using Overlay.Dataplane.Probes;
using Overlay.Dataplane.Tests.Pipeline;
using Overlay.Encap;
using Overlay.Encap.Geneve;
using Overlay.Encap.Probes;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;
using Xunit;

namespace Overlay.Dataplane.Tests.Probes;

/// <summary>What a worker does with probes, over both encapsulations and families.</summary>
public sealed class ProbePipelineTests
{
    private static readonly ProbeFrame Question = new(ProbeKind.Question, 1, 2);

    public static TheoryData<Wire> Wires => Bench.Wires;

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_probe_of_an_admitted_vtep_is_consumed_and_reaches_no_port(Wire wire)
    {
        (Bench bench, ControlInbox inbox) = Make(wire);
        bench.Node.Arrive(Datagram(wire, Bench.V100), bench.PeerB, wire.Encap);
        Assert.True(inbox.Reader.TryRead(out ControlFrame frame));
        Assert.Equal((Bench.V100, bench.PeerB, wire.Encap, Question), (frame.Vni, frame.Source, frame.Encap, frame.Probe));
        Assert.Equal(bench.HopB.Index, frame.SourceHop);
        Assert.Equal(1, bench.Node.Totals.Consumed(Direction.Rx));
        bench.AssertNothingDelivered();
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_probe_teaches_nothing(Wire wire)
    {
        (Bench bench, _) = Make(wire);
        bench.Node.Arrive(Datagram(wire, Bench.V100), bench.PeerB, wire.Encap);
        Assert.Equal(0, bench.Node.Forwarding.ReadHints(new Overlay.Forwarding.LearnHint[4]));
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void Transparent_vnis_pass_reserved_addresses_but_no_probes(Wire wire)
    {
        (Bench bench, ControlInbox inbox) = Make(wire, static vni => vni with { Transparent = true });
        bench.Node.Arrive(Datagram(wire, Bench.V500), bench.PeerB, wire.Encap);
        Assert.True(inbox.Reader.TryRead(out _));
        bench.AssertNothingDelivered();
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void Strangers_our_own_address_and_unknown_vnis_are_refused_as_for_any_frame(Wire wire)
    {
        foreach ((Func<Bench, UnderlayAddress> source, Vni vni, DropReason reason) in ((Func<Bench, UnderlayAddress>, Vni, DropReason)[])
            [(static b => b.Stranger, Bench.V100, DropReason.VtepUnknown), (static b => b.Self, Bench.V100, DropReason.VtepSelf), (static b => b.PeerB, new Vni(77), DropReason.VniUnknown)])
        {
            (Bench bench, ControlInbox inbox) = Make(wire);
            bench.Node.Arrive(Datagram(wire, vni), source(bench), wire.Encap);
            bench.AssertDropped(Direction.Rx, reason);
            Assert.False(inbox.Reader.TryRead(out _));
        }
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_flood_of_probes_costs_its_own_share_only(Wire wire)
    {
        (Bench bench, ControlInbox inbox) = Make(wire, options: new PipelineOptions { Time = new Storm.StepTime() });
        for (int i = 0; i < ControlGate.Burst + 50; i++)
            bench.Node.Arrive(Datagram(wire, Bench.V100), bench.PeerB, wire.Encap);
        Assert.Equal(ControlGate.Burst, bench.Node.Totals.Consumed(Direction.Rx));
        Assert.Equal(50, bench.Node.Dropped(Direction.Rx, DropReason.ControlLimit));
        Assert.True(bench.Node.IsBalanced());
        Assert.Equal(ControlGate.Burst, inbox.Reader.Count);
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void Without_a_control_side_a_probe_is_what_it_always_was(Wire wire)
    {
        Bench bench = new(wire);
        bench.Node.Arrive(Datagram(wire, Bench.V100), bench.PeerB, wire.Encap);
        bench.AssertDropped(Direction.Rx, wire.Encap == EncapKind.Geneve ? DropReason.GeneveOam : DropReason.InnerSourceInvalid);
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void Other_frames_with_an_invalid_source_are_dropped_as_before(Wire wire)
    {
        (Bench bench, ControlInbox inbox) = Make(wire);
        bench.FromB(Frames.Opaque(ProbeFrame.Destination, ProbeFrame.Source));
        bench.AssertDropped(Direction.Rx, DropReason.InnerSourceInvalid);
        Assert.False(inbox.Reader.TryRead(out _));
    }

    [Fact]
    public void Other_control_packets_of_geneve_and_those_with_critical_options_are_not_served()
    {
        Wire wire = Wire.All.First(static wire => wire.Encap == EncapKind.Geneve);
        byte[] probe = new byte[ProbeFrame.Length];
        Question.WriteTo(probe);
        EncapTemplate critical = EncapTemplate.Geneve([new GeneveOption(new GeneveOptionId(0xFFF0, 9), critical: true, new byte[4])], oam: true);
        foreach (byte[] datagram in (byte[][])[Frames.Prepend(critical, Bench.V100, probe), Frames.Prepend(EncapTemplate.Geneve(oam: true), Bench.V100, Frames.Opaque(Bench.Local, Bench.Remote))])
        {
            (Bench bench, ControlInbox inbox) = Make(wire);
            bench.Node.Arrive(datagram, bench.PeerB, wire.Encap);
            bench.AssertDropped(Direction.Rx, DropReason.GeneveOam);
            Assert.False(inbox.Reader.TryRead(out _));
        }
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_tenant_cannot_send_a_probe(Wire wire)
    {
        (Bench bench, _) = Make(wire);
        byte[] probe = new byte[ProbeFrame.Length];
        Question.WriteTo(probe);
        bench.Node.Send("web", probe);
        bench.AssertDropped(Direction.Tx, DropReason.InnerSourceInvalid);
    }

    private static byte[] Datagram(Wire wire, Vni vni)
    {
        byte[] probe = new byte[ProbeFrame.Length];
        Question.WriteTo(probe);
        return Frames.Prepend(wire.Encap == EncapKind.Vxlan ? EncapTemplate.Vxlan() : EncapTemplate.Geneve(oam: true), vni, probe);
    }

    private static (Bench Bench, ControlInbox Inbox) Make(Wire wire, Func<VniSpec, VniSpec>? change = null, PipelineOptions? options = null)
    {
        ControlInbox inbox = new();
        return (new Bench(wire, change, (options ?? new PipelineOptions()) with { HashSeed = new FlowHashSeed(1, 2), Control = inbox }), inbox);
    }
}
