using System.Collections.Immutable;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Pipeline;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;
using Xunit;

namespace Overlay.Dataplane.Tests.Pipeline;

/// <summary>
/// The node of the behaviour suite:
/// <code>
/// web, db   access       VNI 100                        peers b and c, both in 100, 200, 300, 400, 500
/// trunk     trunk        VID 20 = 200, 30 = 300, native 400
/// trunk2    trunk        VID 21 = 200
/// clear     transparent  VNI 500
/// nowhere   access       no VNI
/// </code>
/// </summary>
internal sealed class Bench
{
    internal static readonly Vni V100 = new(100);
    internal static readonly Vni V200 = new(200);
    internal static readonly Vni V300 = new(300);
    internal static readonly Vni V400 = new(400);
    internal static readonly Vni V500 = new(500);
    internal static readonly MacAddress Tenant = MacAddress.Parse("02:00:00:00:00:0a");
    internal static readonly MacAddress Local = MacAddress.Parse("02:00:00:00:00:0b");
    internal static readonly MacAddress Remote = MacAddress.Parse("02:00:00:00:00:0c");
    internal static readonly MacAddress Nobody = MacAddress.Parse("02:00:00:00:00:0d");

    internal Bench(Wire wire, Func<VniSpec, VniSpec>? change = null, PipelineOptions? options = null, Func<TopologySpec, TopologySpec>? changeAll = null)
    {
        Wire = wire;
        Self = wire.Address(1);
        PeerB = wire.Address(2);
        PeerC = wire.Address(3);
        Stranger = wire.Address(99);
        Node = new MemoryNode([Self], options);
        TopologySpec topology = Topology(change ?? (static vni => vni));
        Node.Apply(changeAll is null ? topology : changeAll(topology));
        VtepB = Node.Forwarding.DefineVtep("b");
        VtepC = Node.Forwarding.DefineVtep("c");
        Vni[] all = [V100, V200, V300, V400, V500];
        HopB = Node.AddNextHop(VtepB, PeerB, wire.Encap, PolicyOptionMode.Advisory, all);
        HopC = Node.AddNextHop(VtepC, PeerC, wire.Encap, PolicyOptionMode.Critical, all);
    }

    internal Wire Wire { get; }

    internal MemoryNode Node { get; }

    internal UnderlayAddress Self { get; }

    internal UnderlayAddress PeerB { get; }

    internal UnderlayAddress PeerC { get; }

    internal UnderlayAddress Stranger { get; }

    internal VtepId VtepB { get; }

    internal VtepId VtepC { get; }

    internal NextHopId HopB { get; }

    internal NextHopId HopC { get; }

    internal static TheoryData<Wire> Wires => new(Wire.All);

    internal static TopologySpec Topology(Func<VniSpec, VniSpec> change) => new()
    {
        Ports = new PortSpec[]
        {
            new() { Name = "web", Device = "web", Identity = 7 },
            new() { Name = "db", Device = "db" },
            new()
            {
                Name = "trunk",
                Device = "trunk",
                Mode = PortMode.Trunk,
                NativeVni = V400,
                Vlans = ImmutableSortedDictionary<int, Vni>.Empty.Add(20, V200).Add(30, V300),
            },
            new() { Name = "trunk2", Device = "trunk2", Mode = PortMode.Trunk, Vlans = ImmutableSortedDictionary<int, Vni>.Empty.Add(21, V200) },
            new() { Name = "clear", Device = "clear", Mode = PortMode.Transparent },
            new() { Name = "nowhere", Device = "nowhere" },
        }.ToImmutableSortedDictionary(static port => port.Name, static port => port),
        Vnis =
        [
            change(new VniSpec { Vni = V100, Ports = ["web", "db"], RemoteLearning = true }),
            change(new VniSpec { Vni = V200 }),
            change(new VniSpec { Vni = V300 }),
            change(new VniSpec { Vni = V400 }),
            change(new VniSpec { Vni = V500, Ports = ["clear"] }),
        ],
    };

    internal FdbTarget PortTarget(string port) => FdbTarget.ToPort(Node.Port(port).Id);

    /// <summary>A frame from peer b arrives.</summary>
    internal void FromB(ReadOnlySpan<byte> inner, Vni? vni = null, byte tos = 0) =>
        Node.Arrive(Frames.Datagram(Wire.Encap, vni ?? V100, inner), PeerB, Wire.Encap, tos);

    /// <summary>The one frame that was delivered to a port.</summary>
    internal byte[] OnlyFrameAt(string port) => Assert.Single(Node.Device(port).Take()).Frame;

    /// <summary>The one datagram that was sent.</summary>
    internal SentDatagram OnlyDatagram() => Assert.Single(Node.Underlay.Take());

    /// <summary>Splits a datagram that was sent into what the receiver reads from it.</summary>
    internal (TunnelInfo Info, byte[] Inner) Read(SentDatagram datagram, bool gbp = false)
    {
        TunnelJudgeOptions options = TunnelJudgeOptions.Default with { Strict = true, Gbp = gbp };
        Assert.Equal(ParseStatus.Ok, TunnelJudge.Judge(datagram.Payload, datagram.Encap, in options, out TunnelInfo info));
        return (info, datagram.Payload[info.InnerOffset..]);
    }

    /// <summary>Exactly one frame was dropped for this reason, nothing else happened, and the books balance.</summary>
    internal void AssertDropped(Direction direction, DropReason reason)
    {
        Assert.Equal(1, Node.Dropped(direction, reason));
        AssertNothingDelivered();
        Assert.Equal(1, Node.Totals.Dropped(direction));
    }

    internal void AssertNothingDelivered()
    {
        Assert.True(Node.IsBalanced());
        Assert.Equal(0, Node.Totals.Delivered(Direction.Tx) + Node.Totals.Delivered(Direction.Rx));
        Assert.Empty(Node.Underlay.Take());
        foreach (string port in (ReadOnlySpan<string>)["web", "db", "trunk", "trunk2", "clear", "nowhere"])
            Assert.Empty(Node.Device(port).Take());
    }
}
