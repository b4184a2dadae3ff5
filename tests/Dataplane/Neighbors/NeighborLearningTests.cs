using Overlay.Dataplane.Neighbors;
using Overlay.Dataplane.Tests.Pipeline;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.TestKit.InMemory;
using Xunit;
using static Overlay.Dataplane.Tests.Pipeline.Bench;

namespace Overlay.Dataplane.Tests.Neighbors;

/// <summary>What of ARP and neighbour discovery becomes a hint about a neighbour.</summary>
public sealed class NeighborLearningTests
{
    private static Bench Make(bool remote = true) => new(Wire.All[0], vni => vni with { ArpSuppress = true, NdSuppress = true, RemoteLearning = remote });

    private static LearnHint[] Neighbors(Bench bench) => [.. bench.Node.TakeHints().Where(static hint => hint.IsNeighbor)];

    public static TheoryData<string, byte[], string, bool> Sayings => new()
    {
        { "ARP request", NeighborFrames.ArpRequest(Tenant, "10.0.0.1", "10.0.0.9"), "10.0.0.1", false },
        { "ARP announcement", NeighborFrames.ArpRequest(Tenant, "10.0.0.1", "10.0.0.1"), "10.0.0.1", false },
        { "ARP reply", NeighborFrames.Arp(2, Tenant, "10.0.0.1", Remote, "10.0.0.9", Remote), "10.0.0.1", false },
        { "unsolicited advertisement", NeighborFrames.Advertisement(Tenant, "fd00::1"), "fd00::1", false },
        { "advertisement of a router", NeighborFrames.Advertisement(Tenant, "fe80::1", 0xA0), "fe80::1", true },
        { "solicited advertisement", NeighborFrames.Advertisement(Tenant, "fd00::1", 0x60, "fd00::9", Remote), "fd00::1", false },
    };

    [Theory]
    [MemberData(nameof(Sayings))]
    public void What_says_who_has_an_address_is_learned_behind_its_mac(string what, byte[] frame, string address, bool isRouter)
    {
        Assert.NotEmpty(what);
        Bench bench = Make();
        bench.Node.Send("web", frame);
        LearnHint[] hints = bench.Node.TakeHints();
        Assert.Equal(2, hints.Length);
        Assert.False(hints[0].IsNeighbor);
        Assert.Equal(
            new LearnHint { Vni = V100, Mac = Tenant, Seen = bench.PortTarget("web"), Source = UnderlayAddress.Parse(address), IsNeighbor = true, IsRouter = isRouter }, hints[1]);
    }

    public static TheoryData<string, byte[]> NotSayings => new()
    {
        { "probe", NeighborFrames.ArpRequest(Tenant, "0.0.0.0", "10.0.0.1") },
        { "another's MAC", NeighborFrames.Arp(2, Nobody, "10.0.0.1", Remote, "10.0.0.9", source: Tenant) },
        { "group address", NeighborFrames.ArpRequest(Tenant, "239.0.0.1", "10.0.0.9") },
        { "broadcast address", NeighborFrames.ArpRequest(Tenant, "255.255.255.255", "10.0.0.9") },
        { "loopback", NeighborFrames.ArpRequest(Tenant, "127.0.0.1", "10.0.0.9") },
        { "reverse ARP", NeighborFrames.Arp(3, Tenant, "10.0.0.1", Remote, "10.0.0.9") },
        { "solicitation", NeighborFrames.Solicitation(Tenant, "fd00::1", "fd00::9") },
        { "DAD", NeighborFrames.Solicitation(Tenant, "::", "fd00::1", options: []) },
        { "anycast", NeighborFrames.Advertisement(Tenant, "fd00::1", 0x40, "fd00::9", Remote) },
        { "solicited to a group", NeighborFrames.Advertisement(Tenant, "fd00::1", 0x60) },
        { "no option", NeighborFrames.Advertisement(Tenant, "fd00::1", options: []) },
        { "another's option", NeighborFrames.Advertisement(Tenant, "fd00::1", options: NeighborFrames.LinkLayer(2, Nobody)) },
        { "routed", NeighborFrames.Advertisement(Tenant, "fd00::1", hopLimit: 64) },
        { "group as target", NeighborFrames.Advertisement(Tenant, "ff02::5") },
        { "v4-mapped", NeighborFrames.Advertisement(Tenant, "::ffff:10.0.0.1") },
        { "cut short", NeighborFrames.Advertisement(Tenant, "fd00::1")[..70] },
        { "ARP cut short", NeighborFrames.ArpRequest(Tenant, "10.0.0.1", "10.0.0.9")[..40] },
    };

    [Theory]
    [MemberData(nameof(NotSayings))]
    public void What_cannot_be_believed_is_not_learned(string what, byte[] frame)
    {
        Assert.NotEmpty(what);
        Bench bench = Make();
        bench.Node.Send("web", frame);
        Assert.Empty(Neighbors(bench));
    }

    [Fact]
    public void A_known_binding_makes_no_hint_and_is_confirmed()
    {
        Bench bench = Make();
        UnderlayAddress address = UnderlayAddress.Parse("10.0.0.1");
        bench.Node.Learn(V100, Tenant, bench.PortTarget("web"), FdbOrigin.Local);
        bench.Node.Forwarding.WriteNeighbor(V100, address, new NeighborBinding(Tenant, false, true, bench.PortTarget("web")));
        bench.Node.Forwarding.AdvanceEpoch();
        bench.Node.Send("web", NeighborFrames.ArpRequest(Tenant, "10.0.0.1", "10.0.0.9"));
        Assert.Empty(Neighbors(bench));
        Assert.True(bench.Node.Forwarding.TryGetNeighborUse(V100, address, out ushort use));
        Assert.Equal(bench.Node.Forwarding.Epoch, use);

        // The same from another port is news.
        bench.Node.Learn(V100, Tenant, bench.PortTarget("db"), FdbOrigin.Local);
        bench.Node.Send("db", NeighborFrames.ArpRequest(Tenant, "10.0.0.1", "10.0.0.9"));
        Assert.Equal(bench.PortTarget("db"), Assert.Single(Neighbors(bench)).Seen);
    }

    [Fact]
    public void A_binding_that_was_given_is_not_contradicted()
    {
        Bench bench = Make();
        bench.Node.Forwarding.WriteNeighbor(V100, UnderlayAddress.Parse("10.0.0.1"), new NeighborBinding(Nobody));
        bench.Node.Send("web", NeighborFrames.ArpRequest(Tenant, "10.0.0.1", "10.0.0.9"));
        Assert.Empty(Neighbors(bench));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void From_a_vtep_is_learned_where_macs_are(bool learns, bool alike)
    {
        Bench bench = Make(learns);
        bench.Node.Learn(V100, Local, bench.PortTarget("web"), FdbOrigin.Local);
        byte[] said = NeighborFrames.Advertisement(Remote, "fd00::1", 0x60, "fd00::9", Local);
        if (alike)
        {
            // The verdict of a first frame covers the second; it is looked at all the same.
            bench.Node.Underlay.Put(Frames.Datagram(Wire.All[0].Encap, V100, Frames.UdpV6(Local, Remote)), bench.PeerB, Wire.All[0].Encap, 0);
        }

        bench.FromB(said);
        LearnHint[] hints = Neighbors(bench);
        Assert.Equal(learns ? 1 : 0, hints.Length);
        Assert.All(hints, hint => Assert.Equal(FdbTarget.ToNextHop(bench.HopB), hint.Seen));
    }

    [Fact]
    public void One_hint_a_batch_for_what_is_said_again_and_again()
    {
        Bench bench = Make();
        for (int i = 0; i < 20; i++)
            bench.Node.Device("web").Put(NeighborFrames.ArpRequest(Tenant, "10.0.0.1", "10.0.0.9"), default);

        bench.Node.Pump();
        Assert.Single(Neighbors(bench));
    }

    [Fact]
    public void The_table_finds_what_was_written_through_growth_and_removal()
    {
        NeighborTable table = new();
        Dictionary<UnderlayAddress, MacAddress> model = [];
        Random random = new(7);
        for (int step = 0; step < 200_000; step++)
        {
            uint number = (uint)random.Next(5000);
            UnderlayAddress address = (number & 1) == 0 ? UnderlayAddress.FromIPv4(number) : UnderlayAddress.Parse($"fd00::{number:x}");
            if (random.Next(3) == 0)
            {
                Assert.Equal(model.Remove(address), table.Remove(address));
            }
            else
            {
                MacAddress mac = new((ulong)random.Next(1, 100));
                model[address] = mac;
                table.Write(address, new NeighborBinding(mac, mac.Value % 2 == 0, true, new FdbTarget(number)), (ushort)step);
                NeighborEntry entry = table.Find(address, out _);
                Assert.Equal((mac, mac.Value % 2 == 0, true, new FdbTarget(number)), (entry.Mac, entry.IsRouter, entry.IsSeen, entry.Place));
            }
        }

        Assert.Equal(model.Count, table.Count);
        Assert.All(model, pair => Assert.Equal(pair.Value, table.Find(pair.Key, out _).Mac));
    }
}
