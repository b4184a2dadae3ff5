using System.Collections.Immutable;
using Overlay.Dataplane.Diagnostics;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;
using Xunit;

namespace Overlay.Dataplane.Tests.Pipeline;

/// <summary>Two whole dataplanes joined in memory; the same behaviour over both encapsulations and both families.</summary>
public sealed class TwoNodeTests
{
    private static readonly MacAddress MacA = MacAddress.Parse("02:00:00:00:00:0a");
    private static readonly MacAddress MacB = MacAddress.Parse("02:00:00:00:00:0b");
    private static readonly Vni Hundred = new(100);

    public static TheoryData<EncapKind, bool> Wires => new()
    {
        { EncapKind.Vxlan, false },
        { EncapKind.Vxlan, true },
        { EncapKind.Geneve, false },
        { EncapKind.Geneve, true },
    };

    [Theory]
    [MemberData(nameof(Wires))]
    public void A_broadcast_and_its_answer_cross(EncapKind encap, bool ipv6)
    {
        (MemoryNode a, MemoryNode b) = Pair(encap, ipv6);
        byte[] question = Frames.Opaque(MacAddress.Broadcast, MacA);
        a.Send("p", question);
        b.Pump();
        Assert.Equal(question, Assert.Single(b.Device("p").Take()).Frame);

        LearnHint hint = Assert.Single(b.TakeHints());
        Assert.Equal(MacA, hint.Mac);
        b.Learn(Hundred, MacA, hint.Seen, FdbOrigin.Learned);

        byte[] answer = Frames.UdpV4(MacA, MacB, tos: 0x2E << 2);
        b.Send("p", answer);
        a.Pump();
        Assert.Equal(answer, Assert.Single(a.Device("p").Take()).Frame);
        Assert.Equal(0, b.Totals.Copies(Direction.Tx));
        Assert.Equal(0x2E << 2, Assert.Single(b.Underlay.Take()).Tos);
        Assert.True(a.IsBalanced());
        Assert.True(b.IsBalanced());
    }

    internal static (MemoryNode A, MemoryNode B) Pair(EncapKind encap, bool ipv6)
    {
        UnderlayAddress first = UnderlayAddress.Parse(ipv6 ? "2001:db8::1" : "192.0.2.1");
        UnderlayAddress second = UnderlayAddress.Parse(ipv6 ? "2001:db8::2" : "192.0.2.2");
        MemoryNode a = new([first]);
        MemoryNode b = new([second]);
        MemoryUnderlay.Join(a.Underlay, b.Underlay);
        TopologySpec topology = new()
        {
            Ports = ImmutableSortedDictionary<string, PortSpec>.Empty.Add("p", new PortSpec { Name = "p", Device = "p" }),
            Vnis = [new VniSpec { Vni = Hundred, Ports = ["p"], RemoteLearning = true }],
        };
        a.Apply(topology with { Ports = topology.Ports.SetItem("p", topology.Ports["p"] with { Mac = MacAddress.Parse("02:aa:00:00:00:01") }) });
        b.Apply(topology with { Ports = topology.Ports.SetItem("p", topology.Ports["p"] with { Mac = MacAddress.Parse("02:bb:00:00:00:01") }) });
        a.AddPeer("b", second, encap, PolicyOptionMode.Advisory, Hundred);
        b.AddPeer("a", first, encap, PolicyOptionMode.Advisory, Hundred);
        return (a, b);
    }
}
