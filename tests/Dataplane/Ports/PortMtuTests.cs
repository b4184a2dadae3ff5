using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Ports;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Xunit;

namespace Overlay.Dataplane.Tests.Ports;

/// <summary>What a port takes from its device and gives to it, by what links and paths allow and by what the device lets itself be given.</summary>
public sealed class PortMtuTests
{
    private static readonly UnderlayAddress PeerB = UnderlayAddress.Parse("192.0.2.2");
    private static readonly UnderlayChange Links =
        new([new(UnderlayAddress.Parse("192.0.2.1"), true, true, "eth0", 1500), new(UnderlayAddress.Parse("2001:db8::1"), true, true, "eth0", 1500)]);

    private readonly ForwardingState _forwarding = new();
    private readonly Device _device = new();
    private readonly PortTable _table;
    private int? _path;
    private int _looks;

    public PortMtuTests() => _table = new PortTable(_forwarding, TimeProvider.System, NullLogger.Instance) { Paths = Path, PathsVersion = () => _path ?? 0 };

    [Fact]
    public void It_follows_the_peers_of_its_vni_and_the_paths_to_them_and_back()
    {
        Port port = Place();
        Assert.Equal((1430, 1430), (_device.Mtu, port.Mtu));
        AddPeer();
        Follow();
        Assert.Equal((1450, 1450, 1450), (_device.Mtu, port.Mtu, port.DeliverMtu));

        // What others send is as long as the links allow, until they know the path too; and what comes from the port may be for others.
        _path = 1400;
        Follow();
        Assert.Equal((1350, 1450, 1450), (_device.Mtu, port.Mtu, port.DeliverMtu));
        DataplaneSnapshot.PortStatus status = Assert.Single(_table.Snapshot());
        Assert.Equal((1350, 1350, 1450, false), (status.DeviceMtu, status.Mtu, status.LinkLimit, status.IsMtuRefused));
        _path = null;
        Follow();
        Assert.Equal((1450, 1450, 1450), (_device.Mtu, port.Mtu, port.DeliverMtu));
        Assert.Equal(4, _device.Sets);
    }

    [Fact]
    public void What_somebody_else_sets_is_set_again()
    {
        Port port = Place();
        _device.Mtu = 1300;
        Follow(isDue: false);
        Assert.Equal((1430, 1430), (_device.Mtu, port.Mtu));
    }

    [Fact]
    public void A_device_that_may_not_be_set_is_asked_once_and_held_to_what_fits()
    {
        _device.Refuses = true;
        Port port = Place();
        for (int i = 0; i < 10; i++)
            Follow();

        Assert.Equal((1500, 1430, 1500, 1), (_device.Mtu, port.Mtu, port.DeliverMtu, _device.Sets));
        DataplaneSnapshot.PortStatus status = Assert.Single(_table.Snapshot());
        Assert.Equal((1500, 1430, 1430, true), (status.DeviceMtu, status.Mtu, status.LinkLimit, status.IsMtuRefused));
        _device.Mtu = 1400;
        Follow(isDue: false);
        Assert.Equal((1400, 1400), (port.Mtu, port.DeliverMtu));
    }

    [Fact]
    public void A_device_that_does_not_take_what_a_path_asks_for_is_held_to_the_links_alone()
    {
        Port port = Place();
        AddPeer();
        Follow();
        _device.Refuses = true;
        _path = 1400;
        Follow();
        Assert.Equal((1450, 1450, 1450), (_device.Mtu, port.Mtu, port.DeliverMtu));
        Assert.False(Assert.Single(_table.Snapshot()).IsMtuRefused);
    }

    // Its tenant's end keeps its MTU: whatever the port took less would be lost to peers whose path is wide, too.
    [Fact]
    public void A_path_does_not_lower_a_veth_end()
    {
        Port port = Place(static spec => spec with { Kind = PortDeviceKind.Veth });
        AddPeer();
        _path = 1400;
        Follow();
        Assert.Equal((1450, 1450, 1450), (_device.Mtu, port.Mtu, port.DeliverMtu));
    }

    [Fact]
    public void A_path_does_not_lower_a_device_while_somebody_has_it_in_a_bridge()
    {
        Port port = Place();
        AddPeer();
        _path = 1400;
        Follow();
        Assert.Equal(1350, _device.Mtu);
        _device.HasMaster = true;
        Follow(isDue: false);
        Assert.Equal((1450, 1450, 1450), (_device.Mtu, port.Mtu, port.DeliverMtu));
        _device.HasMaster = false;
        Follow(isDue: false);
        Assert.Equal((1350, 1450, 1450), (_device.Mtu, port.Mtu, port.DeliverMtu));
    }

    [Fact]
    public void Nothing_is_computed_anew_while_peers_paths_and_underlay_are_the_same()
    {
        Port port = Place();
        AddPeer();
        _path = 1400;
        Assert.False(Follow(isDue: false));
        Assert.True(Follow());
        Assert.Equal(1, _looks);
        for (int i = 0; i < 10; i++)
            Assert.False(Follow());
        Assert.Equal(1, _looks);
        _path = 1410;
        Assert.True(Follow());
        Assert.Equal((2, 1360, 1450), (_looks, _device.Mtu, port.Mtu));
        _table.FollowUnderlay(Links with { });
        Assert.Equal(3, _looks);
    }

    [Fact]
    public void A_trunk_looks_at_the_peers_of_a_vni_once()
    {
        PortSpec spec = new() { Name = "web", Device = "tap0", Mode = PortMode.Trunk, NativeVni = new Vni(100) };
        spec = spec with { Vlans = Enumerable.Range(1, 50).ToImmutableSortedDictionary(static vid => vid, static vid => new Vni((uint)(99 + (vid % 2)))) };
        Port port = Place(_ => spec);
        AddPeer();
        Assert.True(Follow());
        Assert.Equal((1, 1450), (_looks, port.Mtu));
    }

    [Fact]
    public void A_vni_whose_peers_are_gone_for_a_while_keeps_what_their_links_took()
    {
        Port port = Place();
        AddPeer();
        Follow();
        _path = 1400;
        Follow();
        _ = _forwarding.SetFloodList(new Vni(100), []);
        Assert.True(Follow());
        Assert.Equal((1450, 1450), (_device.Mtu, port.Mtu));
        _table.FollowUnderlay(Links with { });
        Assert.Equal((1430, 1430), (_device.Mtu, port.Mtu));
    }

    [Fact]
    public void A_bridge_is_not_made_to_drop_what_we_could_answer()
    {
        Port port = Place(static spec => spec with { Bridge = "br0" });
        AddPeer();
        _path = 1400;
        Follow();
        Assert.Equal((1450, 1450), (_device.Mtu, port.Mtu));
    }

    [Fact]
    public void A_configured_mtu_is_the_devices_whatever_a_path_takes()
    {
        _device.Mtu = 1400;
        Port port = Place(static spec => spec with { Mtu = 1400 });
        AddPeer();
        _path = 1380;
        Follow();
        Assert.Equal((1400, 1400, 1400, 0), (_device.Mtu, port.Mtu, port.DeliverMtu, _device.Sets));
    }

    private Port Place(Func<PortSpec, PortSpec>? change = null)
    {
        PortSpec spec = new() { Name = "web", Device = "tap0" };
        spec = change?.Invoke(spec) ?? spec;
        TopologySpec topology = new()
        {
            Ports = ImmutableSortedDictionary<string, PortSpec>.Empty.Add(spec.Name, spec),
            Vnis = [new VniSpec { Vni = new Vni(100), Ports = [spec.Name] }],
        };
        TopologyPlan plan = new(topology, [], [], [new TopologyPlan.PlannedPort(spec, _device, IsNew: true)]);
        _table.Commit(plan, [], Links, ImmutableDictionary<FloodGroup, GroupPath>.Empty);
        return _forwarding.Current.FindPort(plan.PortIds["web"].Index)!.Port;
    }

    private void AddPeer()
    {
        VtepId vtep = _forwarding.DefineVtep("b");
        NextHopId hop = _forwarding.AcquireNextHop(new NextHopSpec(vtep, PeerB, EncapKind.Vxlan, 4789, PolicyOptionMode.Advisory));
        _ = _forwarding.SetFloodList(new Vni(100), [hop]);
    }

    private int? Path(UnderlayAddress peer)
    {
        _looks++;
        return _path;
    }

    private bool Follow(bool isDue = true) => _table.FollowDevices(Links, isDue);

    private sealed class Device : IPortDevice
    {
        internal int Mtu { get; set; } = 1500;

        internal int Sets { get; private set; }

        internal bool Refuses { get; set; }

        internal bool HasMaster { get; set; }

        public string Name => "tap0";

        public int Index => 1;

        public bool Existed => false;

        public MacAddress Mac => MacAddress.Parse("02:00:00:00:00:01");

        public bool IsClosed => false;

        public int QueueCount => 1;

        public string? SetMtu(int mtu)
        {
            Sets++;
            if (Refuses)
                return "not permitted";

            Mtu = mtu;
            return null;
        }

        public ImmutableArray<string> Reconfigure(DeviceOptions options) => [];

        public int ReadMtu() => Mtu;

        public MacAddress? ReadMac() => Mac;

        public bool ReadIsUp() => true;

        public bool ReadHasMaster() => HasMaster;

        public long? ReadQueueDrops() => null;

        public int PollDescriptor(int queue) => -1;

        public PortReceiveStatus Receive(int queue, PacketBatch batch) => PortReceiveStatus.Drained;

        public int Send(int queue, PortTxBatch batch, FrameOutcomes outcomes) => 0;

        public void Dispose()
        {
        }
    }
}
