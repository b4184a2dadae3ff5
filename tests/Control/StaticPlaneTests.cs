using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Control.StaticFile;
using Overlay.Control.Tests.Support;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

public sealed class StaticPlaneTests
{
    private static readonly StaticRoutes Two = new(
        [
            new StaticPeer { Vtep = Vtep("b", "192.0.2.2", "2001:db8::2") with { Encap = EncapKind.Geneve }, Vnis = [new StaticPeerVni(new Vni(V), null)] },
            new StaticPeer
            {
                Vtep = Vtep("c", "192.0.2.3") with { Encap = EncapKind.Vxlan, Port = 8472 },
                Vnis = [new StaticPeerVni(new Vni(V), null), new StaticPeerVni(new Vni(W), EncapKind.Geneve)],
            },
        ],
        [
            new StaticMac(new Vni(V), Mac(1), new VtepEndpoint("b"), [Ip("10.0.0.2")]),
            new StaticMac(new Vni(W), Mac(2), new VtepEndpoint("c"), []),
        ]);

    [Fact]
    public async Task A_file_becomes_flood_lists_allow_lists_and_entries()
    {
        await using World world = await World.StartAsync();
        await world.ReplaceAsync(Two);
        RecordingWriter writer = world.Writer;

        Assert.Equal(["b", "c"], writer.FloodList(V).Select(writer.VtepOf));
        Assert.Equal(["c"], writer.FloodList(W).Select(writer.VtepOf));
        Assert.Equal(["192.0.2.2", "192.0.2.3", "2001:db8::2"], writer.AllowList(V).Select(static a => a.Address.ToString()));
        Assert.Equal(["192.0.2.3"], writer.AllowList(W).Select(static a => a.Address.ToString()));

        NextHopSpec toB = writer.SpecOf(new NextHopId(writer.Row(V, Mac(1))!.Value.Target.Index));
        Assert.Equal((Ip("192.0.2.2"), EncapKind.Geneve, (ushort)6081), (toB.Address, toB.Encap, toB.Port));
        NextHopSpec toC = writer.SpecOf(writer.FloodList(V)[1]);
        Assert.Equal((EncapKind.Vxlan, (ushort)8472), (toC.Encap, toC.Port));

        // The port belongs to the peer's own encapsulation; the other one has its default.
        NextHopSpec toCinW = writer.SpecOf(new NextHopId(writer.Row(W, Mac(2))!.Value.Target.Index));
        Assert.Equal((EncapKind.Geneve, (ushort)6081), (toCinW.Encap, toCinW.Port));
        Assert.Equal(EncapKind.Geneve, writer.SpecOf(writer.FloodList(W)[0]).Encap);
        Assert.True(writer.IsLearning(V), "static peers alone do not switch learning off");
        Assert.Equal(Mac(1), Assert.Single(await world.Loop.Neighbors()).Mac);
        Assert.Equal(2, Assert.Single(await world.Loop.Planes()).MacRoutes);
    }

    [Fact]
    public async Task A_reload_that_changes_nothing_writes_nothing()
    {
        await using World world = await World.StartAsync();
        await world.ReplaceAsync(Two);
        int before = world.Writer.Writes;
        await world.ReplaceAsync(Two);
        await world.ReplaceAsync(new StaticRoutes([.. Two.Peers], [.. Two.Macs.Reverse()]));
        Assert.Equal(before, world.Writer.Writes);
    }

    [Fact]
    public async Task A_reload_touches_only_what_changed()
    {
        await using World world = await World.StartAsync();
        await world.ReplaceAsync(Two);
        int writes = world.Writer.Writes;
        await world.ReplaceAsync(Two with { Macs = [.. Two.Macs, new StaticMac(new Vni(V), Mac(3), new VtepEndpoint("c"), [])] });
        Assert.Equal(writes + 1, world.Writer.Writes);

        await world.ReplaceAsync(Two);
        Assert.Equal(writes + 2, world.Writer.Writes);
        Assert.Null(world.Writer.Row(V, Mac(3)));
    }

    [Fact]
    public async Task A_removed_peer_leaves_no_trace()
    {
        await using World world = await World.StartAsync();
        await world.ReplaceAsync(Two);
        await world.ReplaceAsync(StaticRoutes.Empty);
        Assert.Empty(world.Writer.FloodList(V));
        Assert.Empty(world.Writer.AllowList(V));
        Assert.Equal(0, world.Writer.MacCount(V));
        Assert.Empty(world.Writer.VtepNames);
        Assert.Equal(0, world.Writer.NextHopCount);
        Assert.Empty(await world.Loop.Vteps());
        Assert.Empty(await world.Loop.Neighbors());
    }

    [Fact]
    public async Task A_peer_that_changes_its_address_takes_its_macs_along()
    {
        await using World world = await World.StartAsync();
        await world.ReplaceAsync(Two);
        StaticPeer moved = Two.Peers[0] with { Vtep = Vtep("b", "192.0.2.22") with { Encap = EncapKind.Geneve } };
        await world.ReplaceAsync(Two with { Peers = [moved, Two.Peers[1]] });
        RecordingWriter writer = world.Writer;
        Assert.Equal(Ip("192.0.2.22"), writer.SpecOf(new NextHopId(writer.Row(V, Mac(1))!.Value.Target.Index)).Address);
        Assert.Equal(["192.0.2.3", "192.0.2.22"], writer.AllowList(V).Select(static a => a.Address.ToString()));
        Assert.Equal(3, writer.NextHopCount);
    }

    private sealed class World(RecordingWriter writer, ControlLoop loop, StaticPlane plane) : IAsyncDisposable
    {
        public RecordingWriter Writer => writer;

        public ControlLoop Loop => loop;

        public static async Task<World> StartAsync()
        {
            var writer = new RecordingWriter();
            writer.AddVni(V);
            writer.AddVni(W);
            var loop = new ControlLoop(writer, new ControlOptions(), new ManualTime(), NullLoggerFactory.Instance);
            var plane = new StaticPlane();
            loop.AddPlane(plane);
            loop.Start();
            await loop.SetTopology(new TopologySpec { Vnis = [new VniSpec { Vni = new Vni(V) }, new VniSpec { Vni = new Vni(W) }] }, new Dictionary<string, PortId>());
            await loop.SetLocalAddresses([Ip("192.0.2.1"), Ip("2001:db8::1")]);
            return new World(writer, loop, plane);
        }

        public async Task ReplaceAsync(StaticRoutes routes)
        {
            await plane.Replace(routes);
            await loop.SettleAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await loop.DisposeAsync();
            Assert.Equal(0, loop.Failures);
        }
    }
}
