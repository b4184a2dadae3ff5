using System.Collections.Immutable;
using Overlay.Dataplane.Diagnostics;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;
using Xunit;

namespace Overlay.Dataplane.Tests.Storm;

/// <summary>Gateways that list one another, joined in memory: what one floods reaches each tenant once, and the wire falls silent.</summary>
public sealed class GatewayTests
{
    private const int Rounds = 50;
    private const int MostDatagrams = 5000;
    private static readonly Vni Hundred = new(100);
    private static readonly MacAddress Tenant = MacAddress.Parse("02:00:00:00:00:0a");

    public static TheoryData<string, int> Floods => new()
    {
        { "ff:ff:ff:ff:ff:ff", 3 },
        { "01:00:5e:00:00:05", 3 },
        { "33:33:00:00:00:01", 4 },
        { "02:ee:00:00:00:01", 5 },
    };

    [Theory]
    [MemberData(nameof(Floods))]
    public void A_flooded_frame_ends_however_many_gateways_there_are_and_each_tenant_gets_it_once(string destination, int gateways)
    {
        MemoryNode[] nodes = Mesh(gateways, withPorts: true);
        nodes[0].Send("p", Frames.UdpV4(MacAddress.Parse(destination), Tenant));
        Assert.InRange(Settle(nodes), 1, Rounds - 1);
        Assert.Empty(nodes[0].Device("p").Take());
        Assert.All(nodes[1..], node => Assert.Single(node.Device("p").Take()));
        Assert.All(nodes, node => Assert.True(node.IsBalanced()));
        Assert.True(nodes.Sum(node => node.Dropped(Direction.Rx, DropReason.GatewayLoop)) > 0);

        // The same again, as a host that asks twice does.
        nodes[0].Send("p", Frames.UdpV4(MacAddress.Parse(destination), Tenant));
        Assert.InRange(Settle(nodes), 1, Rounds - 1);
        Assert.All(nodes[1..], node => Assert.Single(node.Device("p").Take()));
    }

    [Fact]
    public void A_spoke_of_one_gateway_reaches_the_spokes_of_the_others_and_hears_nothing_back()
    {
        MemoryNode[] nodes = Mesh(3, withPorts: false);
        MemoryNode[] spokes = [.. Enumerable.Range(0, 3).Select(i => Spoke(nodes[i], i))];
        foreach (byte[] frame in new[] { Frames.UdpV4(MacAddress.Broadcast, Tenant), Frames.Tagged(Frames.Opaque(MacAddress.Broadcast, Tenant), 7) })
        {
            spokes[0].Send("p", frame);
            Assert.InRange(Settle([.. nodes, .. spokes]), 1, Rounds - 1);
            Assert.Empty(spokes[0].Device("p").Take());
            Assert.All(spokes[1..], spoke => Assert.Single(spoke.Device("p").Take()));
        }
    }

    [Fact]
    public void A_copy_that_went_in_a_circle_teaches_nothing()
    {
        MemoryNode[] nodes = Mesh(3, withPorts: true);
        nodes[0].Send("p", Frames.UdpV4(MacAddress.Broadcast, Tenant));
        Settle(nodes);
        Assert.Single(nodes[1].TakeHints());
        Assert.Single(nodes[2].TakeHints());
        Assert.All(nodes[0].TakeHints(), hint => Assert.True(hint.Seen.IsPort));
    }

    [Fact]
    public void A_checksum_that_the_sender_left_unfinished_does_not_make_the_copy_another_frame()
    {
        MemoryNode[] nodes = Mesh(3, withPorts: true);
        byte[] frame = Frames.Tcp(MacAddress.Broadcast, Tenant);
        nodes[0].Send("p", Frames.Unfinished([.. frame]), new VnetHeader(VnetHeader.NeedsChecksum, 0, 0, 0, 34, 16));
        Settle(nodes);
        Assert.Empty(nodes[0].Device("p").Take());
        Assert.All(nodes[1..], node => Assert.Equal(frame, Assert.Single(node.Device("p").Take()).Frame));
    }

    [Fact]
    public void A_VTEP_that_becomes_known_between_two_equal_frames_and_one_with_two_addresses_are_heard_both_times()
    {
        var node = new MemoryNode([Address(0)]);
        node.Apply(Topology(0, withPort: true, gateway: true));
        (UnderlayAddress first, UnderlayAddress second) = (Address(1), Address(2));
        byte[] datagram = Frames.Datagram(EncapKind.Vxlan, Hundred, Frames.UdpV4(MacAddress.Broadcast, Tenant));

        // Admitted by a prefix only, as before anything was learned from it.
        node.Forwarding.SetAllowList(Hundred, [], [new UnderlayPrefix(Address(0), 24)]);
        Hear(first, 1);
        VtepId vtep = node.Forwarding.DefineVtep("v");
        node.AddNextHop(vtep, first, EncapKind.Vxlan, PolicyOptionMode.Advisory, Hundred);
        Hear(first, 1);
        node.AddNextHop(vtep, second, EncapKind.Vxlan, PolicyOptionMode.Advisory, Hundred);
        Hear(second, 1);

        // Another that brings the same frame is a circle.
        node.AddPeer("w", Address(3), EncapKind.Vxlan, PolicyOptionMode.Advisory, Hundred);
        Hear(Address(3), 0);
        Assert.Equal(1, node.Dropped(Direction.Rx, DropReason.GatewayLoop));

        void Hear(UnderlayAddress from, int delivered)
        {
            node.Arrive(datagram, from, EncapKind.Vxlan);
            Assert.Equal(delivered, node.Device("p").Take().Length);
        }
    }

    // Until nobody has anything to read; so many rounds if it never ends, or there are more and more.
    private static int Settle(MemoryNode[] nodes)
    {
        int round = 0;
        for (long before = -1; before != nodes.Sum(node => node.Underlay.SentCount) && round < Rounds; round++)
        {
            before = nodes.Sum(node => node.Underlay.SentCount);
            foreach (MemoryNode node in nodes)
                node.Pump();

            if (nodes.Sum(node => node.Underlay.SentCount) > before + MostDatagrams)
                return Rounds;
        }

        return round;
    }

    private static UnderlayAddress Address(int number) => UnderlayAddress.Parse($"192.0.2.{number + 1}");

    private static MemoryNode[] Mesh(int count, bool withPorts)
    {
        MemoryNode[] nodes = [.. Enumerable.Range(0, count).Select(i => new MemoryNode([Address(i)]))];
        for (int i = 0; i < count; i++)
        {
            nodes[i].Apply(Topology(i, withPorts, gateway: true));
            for (int other = 0; other < count; other++)
            {
                if (other < i)
                    MemoryUnderlay.Join(nodes[i].Underlay, nodes[other].Underlay);
                if (other != i)
                    nodes[i].AddPeer($"g{other}", Address(other), other % 2 == 0 ? EncapKind.Vxlan : EncapKind.Geneve, PolicyOptionMode.Advisory, Hundred);
            }
        }

        return nodes;
    }

    private static MemoryNode Spoke(MemoryNode gateway, int number)
    {
        UnderlayAddress address = Address(100 + number);
        MemoryNode spoke = new([address]);
        spoke.Apply(Topology(100 + number, withPort: true, gateway: false));
        MemoryUnderlay.Join(spoke.Underlay, gateway.Underlay);
        spoke.AddPeer("g", gateway.Addresses[0], EncapKind.Vxlan, PolicyOptionMode.Advisory, Hundred);
        gateway.AddPeer($"s{number}", address, EncapKind.Vxlan, PolicyOptionMode.Advisory, Hundred);
        return spoke;
    }

    private static TopologySpec Topology(int number, bool withPort, bool gateway) => new()
    {
        Ports = withPort
            ? ImmutableSortedDictionary<string, PortSpec>.Empty.Add(
                "p", new PortSpec { Name = "p", Device = "p", Mode = PortMode.Transparent, Mac = new MacAddress(0x02AA_0000_0000UL + (ulong)number) })
            : ImmutableSortedDictionary<string, PortSpec>.Empty,
        Vnis = [new VniSpec { Vni = Hundred, Ports = withPort ? ["p"] : [], RemoteLearning = true, Gateway = gateway }],
    };
}
