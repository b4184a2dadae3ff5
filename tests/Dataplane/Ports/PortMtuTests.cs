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

    public PortMtuTests() => _table = new PortTable(_forwarding, TimeProvider.System, NullLogger.Instance) { Paths = _ => _path };

    [Fact]
    public void It_follows_the_peers_of_its_vni_and_the_paths_to_them_and_back()
    {
        Port port = Place();
        Assert.Equal((1430, 1430), (_device.Mtu, port.Mtu));
        AddPeer();
        Follow();
        Assert.Equal((1450, 1450, 1450), (_device.Mtu, port.Mtu, port.DeliverMtu));

        // What others send is as long as the links allow, until they know the path too.
        _path = 1400;
        Follow();
        Assert.Equal((1350, 1350, 1450), (_device.Mtu, port.Mtu, port.DeliverMtu));
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

    private void Follow(bool isDue = true) => _table.FollowDevices(Links, isDue);

    private sealed class Device : IPortDevice
    {
        internal int Mtu { get; set; } = 1500;

        internal int Sets { get; private set; }

        internal bool Refuses { get; set; }

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

        public long? ReadQueueDrops() => null;

        public int PollDescriptor(int queue) => -1;

        public PortReceiveStatus Receive(int queue, PacketBatch batch) => PortReceiveStatus.Drained;

        public int Send(int queue, PortTxBatch batch, FrameOutcomes outcomes) => 0;

        public void Dispose()
        {
        }
    }
}
