using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Tests.Pipeline;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;
using Xunit;
using static Overlay.Dataplane.Tests.Pipeline.Bench;

namespace Overlay.Dataplane.Tests.Neighbors;

/// <summary>What becomes of ARP and neighbour discovery from a port where it is suppressed. The asker is <c>Tenant</c> on port web.</summary>
public sealed class SuppressionTests
{
    private const string Me = "10.0.0.1";
    private const string Target = "10.0.0.2";
    private const string Me6 = "fd00::1";
    private const string Target6 = "fd00::2";
    private static readonly MacAddress Known = MacAddress.Parse("02:00:00:00:00:22");

    private static byte[] Question(bool ipv6) => ipv6 ? NeighborFrames.Solicitation(Tenant, Me6, Target6) : NeighborFrames.ArpRequest(Tenant, Me, Target);

    private static Bench Make(Func<VniSpec, VniSpec>? change = null)
    {
        Bench bench = new(Wire.All[0], vni => (change ?? (static v => v))(vni with { ArpSuppress = true, NdSuppress = true }));
        bench.Node.Learn(V100, Tenant, bench.PortTarget("web"), FdbOrigin.Local);
        return bench;
    }

    private static void Bind(Bench bench, string address, MacAddress mac, bool isRouter = false, FdbTarget? place = null, Vni? vni = null) =>
        Assert.True(bench.Node.Forwarding.WriteNeighbor(
            vni ?? V100, UnderlayAddress.Parse(address), new NeighborBinding(mac, isRouter, place is not null, place ?? default)));

    // Both families, and the MAC behind peer b.
    private static Bench Known2()
    {
        Bench bench = Make();
        bench.Node.Learn(V100, Known, FdbTarget.ToNextHop(bench.HopB));
        Bind(bench, Target, Known);
        Bind(bench, Target6, Known);
        return bench;
    }

    private static long Answered(Bench bench, bool ipv6) => Questions(bench, ipv6, answered: true);

    private static long Questions(Bench bench, bool ipv6, bool answered) =>
        bench.Node.Forwarding.Current.Vnis.Find(V100)!.State.Questions.Frames(DomainState.QuestionColumnOf(ipv6, answered));

    private static void AssertFlooded(Bench bench, byte[] frame, bool counts = true)
    {
        Assert.Equal(2, bench.Node.Underlay.Take().Length);
        Assert.Equal(frame, bench.OnlyFrameAt("db"));
        Assert.Empty(bench.Node.Device("web").Take());
        Assert.Equal(0, Answered(bench, ipv6: false) + Answered(bench, ipv6: true));
        Assert.Equal(counts ? 1 : 0, Questions(bench, ipv6: false, answered: false) + Questions(bench, ipv6: true, answered: false));
        Assert.True(bench.Node.IsBalanced());
    }

    private static byte[] AssertAnswered(Bench bench, string port = "web")
    {
        Assert.Empty(bench.Node.Underlay.Take());
        Assert.Empty(bench.Node.Device("db").Take());
        Assert.Equal(1, bench.Node.Totals.Consumed(Direction.Tx));
        Assert.Equal(0, bench.Node.Totals.Copies(Direction.Tx));
        Assert.True(bench.Node.IsBalanced());
        return bench.OnlyFrameAt(port);
    }

    [Fact]
    public void A_request_for_a_known_target_is_answered_as_the_target_would()
    {
        Bench bench = Known2();
        bench.Node.Send("web", Question(ipv6: false));
        Assert.Equal(NeighborFrames.Arp(2, Known, Target, Tenant, Me, destination: Tenant), AssertAnswered(bench));
        Assert.Equal(1, Answered(bench, ipv6: false));
    }

    [Theory]
    [InlineData(false, 0x60)]
    [InlineData(true, 0xE0)]
    public void A_solicitation_for_a_known_target_is_answered_as_the_target_would(bool isRouter, byte flags)
    {
        Bench bench = Known2();
        Bind(bench, Target6, Known, isRouter);
        bench.Node.Send("web", Question(ipv6: true));
        Assert.Equal(NeighborFrames.Advertisement(Known, Target6, flags, Me6, Tenant), AssertAnswered(bench));
        Assert.Equal(1, Answered(bench, ipv6: true));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_target_on_another_port_of_ours_is_answered_for_too(bool ipv6)
    {
        Bench bench = Known2();
        bench.Node.Learn(V100, Known, bench.PortTarget("db"), FdbOrigin.Local);
        bench.Node.Send("web", Question(ipv6));
        AssertAnswered(bench);
    }

    [Fact]
    public void A_trunk_gets_the_answer_with_the_tag_it_asked_with()
    {
        Bench bench = Make();
        bench.Node.Learn(V200, Known, FdbTarget.ToNextHop(bench.HopB));
        Bind(bench, Target, Known, vni: V200);
        bench.Node.Send("trunk", Frames.Tagged(Question(ipv6: false), 20));
        Assert.Equal(Frames.Tagged(NeighborFrames.Arp(2, Known, Target, Tenant, Me, destination: Tenant), 20), AssertAnswered(bench, "trunk"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Where_suppression_is_off_a_question_is_flooded_and_nothing_is_learned(bool ipv6)
    {
        Bench bench = new(Wire.All[0], vni => vni with { ArpSuppress = ipv6, NdSuppress = !ipv6 });
        bench.Node.Learn(V100, Tenant, bench.PortTarget("web"), FdbOrigin.Local);
        bench.Node.Learn(V100, Known, FdbTarget.ToNextHop(bench.HopB));
        Bind(bench, ipv6 ? Target6 : Target, Known);
        bench.Node.Send("web", Question(ipv6));
        AssertFlooded(bench, Question(ipv6), counts: false);
        Assert.Empty(bench.Node.TakeHints());
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Without_a_binding_or_without_its_mac_a_question_is_flooded(bool ipv6, bool hasMac)
    {
        Bench bench = Make();
        if (hasMac)
            bench.Node.Learn(V100, Known, FdbTarget.ToNextHop(bench.HopB));
        else
            Bind(bench, ipv6 ? Target6 : Target, Known);
        bench.Node.Send("web", Question(ipv6));
        AssertFlooded(bench, Question(ipv6));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_binding_of_another_vni_answers_nothing(bool ipv6)
    {
        Bench bench = Make();
        bench.Node.Learn(V200, Known, FdbTarget.ToNextHop(bench.HopB));
        Bind(bench, ipv6 ? Target6 : Target, Known, vni: V200);
        bench.Node.Send("web", Question(ipv6));
        AssertFlooded(bench, Question(ipv6));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_target_behind_the_asking_port_answers_for_itself(bool ipv6)
    {
        Bench bench = Known2();
        bench.Node.Learn(V100, Known, bench.PortTarget("web"), FdbOrigin.Local);
        bench.Node.Send("web", Question(ipv6));
        AssertFlooded(bench, Question(ipv6));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_learned_binding_answers_only_while_its_mac_is_where_it_was(bool ipv6)
    {
        Bench bench = Known2();
        Bind(bench, ipv6 ? Target6 : Target, Known, place: FdbTarget.ToNextHop(bench.HopB));
        bench.Node.Learn(V100, Known, FdbTarget.ToNextHop(bench.HopC));
        bench.Node.Send("web", Question(ipv6));
        AssertFlooded(bench, Question(ipv6));
        bench.Node.Learn(V100, Known, FdbTarget.ToNextHop(bench.HopB));
        bench.Node.Send("web", Question(ipv6));
        Assert.Single(bench.Node.Device("web").Take());
        Assert.Equal(1, Answered(bench, ipv6));
        Assert.Empty(bench.Node.Underlay.Take());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_frozen_mac_is_not_answered_for(bool ipv6)
    {
        Bench bench = Known2();
        bench.Node.Learn(V100, Known, FdbTarget.ToNextHop(bench.HopB), flags: FdbFlags.Frozen);
        bench.Node.Send("web", Question(ipv6));
        AssertFlooded(bench, Question(ipv6));
    }

    public static TheoryData<string, byte[]> NotQuestions => new()
    {
        { "ARP probe (RFC 5227)", NeighborFrames.ArpRequest(Tenant, "0.0.0.0", Target) },
        { "ARP announcement", NeighborFrames.ArpRequest(Tenant, Target, Target) },
        { "gratuitous ARP reply", NeighborFrames.Arp(2, Tenant, Target, MacAddress.Broadcast, Target) },
        { "sender MAC is not the source", NeighborFrames.Arp(1, Nobody, Me, default, Target, source: Tenant) },
        { "request from a group address", NeighborFrames.ArpRequest(Tenant, "224.0.0.1", Target) },
        { "DAD", NeighborFrames.Solicitation(Tenant, "::", Target6, options: []) },
        { "enhanced DAD (RFC 7527)", NeighborFrames.Solicitation(Tenant, "::", Target6, options: [14, 1, 1, 2, 3, 4, 5, 6]) },
        { "no source option", NeighborFrames.Solicitation(Tenant, Me6, Target6, options: []) },
        { "another's source option", NeighborFrames.Solicitation(Tenant, Me6, Target6, options: NeighborFrames.LinkLayer(1, Nobody)) },
        { "an unknown option too", NeighborFrames.Solicitation(Tenant, Me6, Target6, options: [.. NeighborFrames.LinkLayer(1, Tenant), 14, 1, 0, 0, 0, 0, 0, 0]) },
        { "option of length 0", NeighborFrames.Solicitation(Tenant, Me6, Target6, options: [1, 0, 0, 0, 0, 0, 0, 0]) },
        { "came through a router", NeighborFrames.Solicitation(Tenant, Me6, Target6, hopLimit: 254) },
        { "unsolicited advertisement", NeighborFrames.Advertisement(Tenant, Target6) },
        { "router solicitation", RouterMessage(133) },
        { "router advertisement", RouterMessage(134) },
        { "multicast listener report", RouterMessage(143) },
        { "echo request to a group", RouterMessage(128) },
        { "wrong checksum", WrongChecksum() },
    };

    [Theory]
    [MemberData(nameof(NotQuestions))]
    public void What_is_no_plain_question_is_flooded_as_it_is(string what, byte[] frame)
    {
        Assert.NotEmpty(what);
        Bench bench = Known2();
        bench.Node.Send("web", frame);
        AssertFlooded(bench, frame, counts: false);
    }

    [Fact]
    public void Who_asks_a_host_directly_hears_from_the_host()
    {
        foreach (byte[] frame in (byte[][])[NeighborFrames.ArpRequest(Tenant, Me, Target, Known), NeighborFrames.Solicitation(Tenant, Me6, Target6, unicastTo: Known)])
        {
            Bench bench = Known2();
            bench.Node.Send("web", frame);
            Assert.Equal(frame, bench.Read(bench.OnlyDatagram()).Inner);
            Assert.Empty(bench.Node.Device("web").Take());
        }
    }

    [Fact]
    public void A_frame_that_is_tagged_inside_the_vni_is_neither_answered_nor_learned_from()
    {
        Bench bench = Known2();
        Bind(bench, Target, Known, vni: V500);
        bench.Node.Learn(V500, Known, FdbTarget.ToNextHop(bench.HopB));
        bench.Node.Learn(V500, Tenant, bench.PortTarget("clear"));
        bench.Node.Send("clear", Frames.Tagged(Question(ipv6: false), 20));
        Assert.Equal(2, bench.Node.Underlay.Take().Length);
        Assert.Empty(bench.Node.Device("clear").Take());
        Assert.Empty(bench.Node.TakeHints());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_question_from_a_vtep_is_for_the_target(bool ipv6)
    {
        Bench bench = Known2();
        byte[] frame = ipv6 ? NeighborFrames.Solicitation(Remote, Me6, Target6) : NeighborFrames.ArpRequest(Remote, Me, Target);
        bench.FromB(frame);
        Assert.Equal(frame, bench.OnlyFrameAt("web"));
        Assert.Equal(frame, bench.OnlyFrameAt("db"));
        Assert.Empty(bench.Node.Underlay.Take());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_answer_that_the_port_does_not_take_leaves_the_question_to_the_target(bool ipv6)
    {
        Bench bench = Known2();
        bench.Node.Port("web").IsUp = false;
        bench.Node.Send("web", Question(ipv6));
        Assert.Equal(2, bench.Node.Underlay.Take().Length);
        Assert.Equal(0, Answered(bench, ipv6));
    }

    private static byte[] RouterMessage(byte type)
    {
        byte[] message = new byte[16];
        message[0] = type;
        return NeighborFrames.IcmpV6(
            Tenant, NeighborFrames.AllNodes, UnderlayOctets("fe80::1"), UnderlayOctets("ff02::1"), message);
    }

    private static byte[] WrongChecksum()
    {
        byte[] frame = Question(ipv6: true);
        frame[57] ^= 1;
        return frame;
    }

    private static byte[] UnderlayOctets(string address) => System.Net.IPAddress.Parse(address).GetAddressBytes();
}
