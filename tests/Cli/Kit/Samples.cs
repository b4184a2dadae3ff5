using System.Text.Json;
using Overlay.Api;

namespace Overlay.Cli.Tests.Kit;

/// <summary>Answers of a daemon, made from the contracts so that they cannot drift apart.</summary>
internal static class Samples
{
    public static StatusResponse Status { get; } = new()
    {
        Verdict = "ok",
        Reasons = [],
        Node = "vtep-a",
        Version = "0.1.0",
        UptimeSeconds = 3725,
        Revision = 1,
        Pid = 4242,
        Local = [new LocalAddressStatus { Address = "192.0.2.1", Present = true, Device = "eth0", Mtu = 1500 }],
        Peers =
        [
            new PeerStatus
            {
                Peer = "b", Addresses = ["192.0.2.2"], Address = "192.0.2.2", Encap = "vxlan", Port = 4789, State = "up", Bfd = "off", MtuBytes = 1450,
                TxFrames = 10, RxFrames = 9, TxBytes = 1000, RxBytes = 900, TxFps = 12345, RxFps = 0, SinceSeconds = 90, Vnis = [100],
            },
        ],
        Vnis = [new VniStatus { Vni = 100, Ports = ["web"], FdbEntries = 2, FloodPeers = 1 }],
        Ports =
        [
            new PortStatus
            {
                Port = "web", Tap = "tap-web", Mode = "access", Mac = "02:00:00:00:00:01", Mtu = 1450, Queues = 1, Up = true, Vnis = [100], TxFrames = 10, RxFrames = 9,
            },
        ],
        Planes = [new PlaneStatus { Name = "static", Connected = true, Routes = 2, StaleSeconds = 0 }],
        Alarms = [],
    };

    public static FdbResponse Fdb { get; } = new()
    {
        Entries =
        [
            new FdbEntryInfo { Vni = 100, Mac = "02:00:00:00:00:01", Origin = "local", Flags = [], Port = "web", AgeSeconds = 4 },
            new FdbEntryInfo
            {
                Vni = 100, Mac = "02:00:00:00:00:02", Origin = "static", Flags = ["sticky"], Peer = "b", Address = "2001:db8::2", Encap = "geneve", UdpPort = 6081,
            },
        ],
    };

    public static FdbWhyResponse Why { get; } = new()
    {
        Vni = 100,
        Mac = "02:00:00:00:00:02",
        Verdict = "to peer b by geneve, because static precedes learned",
        Winner = Candidate("static", wins: true, "static precedes learned"),
        Candidates = [Candidate("static", wins: true, "static precedes learned"), Candidate("learned", wins: false, "learned never displaces another origin")],
        Moves = 3,
        OnMiss = "flood",
    };

    public static DropsResponse Drops { get; } = new()
    {
        Drops =
        [
            new DropRow
            {
                Reason = "vtep_unknown", Dir = "rx", LastMinute = 3, Total = 7, CopiesTotal = 0, Sentence = "The outer source address is not admitted to this VNI.",
                Sample = new DropSample { Hex = "0800000000006400", Vni = 100, Peer = "192.0.2.9", SecondsAgo = 12 },
            },
        ],
        Totals = new DropTotals
        {
            Tx = new DirectionTotals { Received = 100, Delivered = 100, Consumed = 0, Dropped = 0, Copies = 5, CopyDrops = 0 },
            Rx = new DirectionTotals { Received = 107, Delivered = 100, Consumed = 0, Dropped = 7, Copies = 0, CopyDrops = 0 },
        },
        Anomalies = [new AnomalyRow { Kind = "reserved_bits", Total = 1 }],
        Kernel = [new KernelCounter { Name = "InCsumErrors", Value = 0, Note = "bad outer checksums of this network namespace" }],
    };

    public static MtuResponse Mtu { get; } = new()
    {
        Peers =
        [
            new MtuPeer
            {
                Peer = "b",
                Address = "192.0.2.2",
                Encap = "vxlan",
                Vnis = [100],
                LinkMtu = 1500,
                ToldMtu = 1400,
                ToldBy = "network",
                RefusedMtu = 552,
                ToldSecondsAgo = 9,
                Overhead = 50,
                OverlayMtu = 1350,
                TooBigFrames = 70,
                ToldFrames = 50,
                SilentFrames = 12,
                SilentLastMinute = 0,
            },
            new MtuPeer
            {
                Peer = "c",
                Address = "192.0.2.3",
                Encap = "geneve",
                Vnis = [200],
                LinkMtu = 1500,
                Overhead = 50,
                OverlayMtu = 1450,
                TooBigFrames = 30,
                ToldFrames = 20,
                SilentFrames = 9,
                SilentLastMinute = 3,
            },
        ],
        Ports =
        [
            new MtuPort { Port = "db", Device = "tap-db", Mtu = 1450, Limit = 1450, Auto = false, Vnis = [100] },
            new MtuPort { Port = "theirs", Device = "tap0", Netns = "t", Mtu = 1500, Limit = 1350, Auto = true, Refused = true, Vnis = [100] },
            new MtuPort { Port = "web", Device = "tap-web", Mtu = 1450, Limit = 1450, Auto = true, Vnis = [100] },
        ],
    };

    public static NeighborsResponse Neighbors { get; } = new()
    {
        Neighbors =
        [
            new NeighborInfo { Vni = 100, Address = "10.0.0.1", Mac = "02:00:00:00:00:01", Origin = "local", Port = "web", Router = false, Answered = true, Duplicate = false, AgeSeconds = 4 },
            new NeighborInfo { Vni = 100, Address = "10.0.0.2", Mac = "02:00:00:00:00:02", Origin = "static", Plane = "static", Router = false, Answered = false, Duplicate = false },
            new NeighborInfo { Vni = 100, Address = "fe80::3", Mac = "02:00:00:00:00:03", Origin = "learned", Peer = "b", Router = true, Answered = false, Duplicate = true, AgeSeconds = 9 },
        ],
        Vnis = [new NeighborVni { Vni = 100, ArpSuppress = true, NdSuppress = false, SuppressedIpv4 = 12, SuppressedIpv6 = 0, FloodedIpv4 = 3, FloodedIpv6 = 0 }],
    };

    public static StormResponse Storm { get; } = new()
    {
        Limits =
        [
            new StormRow { Vni = 100, Class = "broadcast", Limit = 1000, Burst = 1000, Passed = 12, Dropped = 0, Storms = 0 },
            new StormRow { Vni = 100, Port = "web", Class = "broadcast", Limit = 1000, Burst = 1000, Passed = 4000, Dropped = 96000, Storms = 1, LastDropSecondsAgo = 3 },
            new StormRow { Vni = 100, Port = "web", Class = "multicast", Passed = 5, Dropped = 0, Storms = 0 },
        ],
    };

    public static string Json(MtuResponse value) => JsonSerializer.Serialize(value, ApiJsonContext.Default.MtuResponse);

    public static string Json(NeighborsResponse value) => JsonSerializer.Serialize(value, ApiJsonContext.Default.NeighborsResponse);

    public static string Json(StormResponse value) => JsonSerializer.Serialize(value, ApiJsonContext.Default.StormResponse);

    public static string Json(StatusResponse value) => JsonSerializer.Serialize(value, ApiJsonContext.Default.StatusResponse);

    public static string Json(FdbResponse value) => JsonSerializer.Serialize(value, ApiJsonContext.Default.FdbResponse);

    public static string Json(FdbWhyResponse value) => JsonSerializer.Serialize(value, ApiJsonContext.Default.FdbWhyResponse);

    public static string Json(DropsResponse value) => JsonSerializer.Serialize(value, ApiJsonContext.Default.DropsResponse);

    private static FdbCandidate Candidate(string origin, bool wins, string why) => new()
    {
        Origin = origin,
        Plane = wins ? "static" : null,
        Peer = "b",
        Address = "192.0.2.2",
        Encap = "vxlan",
        Wins = wins,
        Why = why,
    };
}
