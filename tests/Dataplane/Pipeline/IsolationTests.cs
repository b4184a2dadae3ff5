using System.Buffers.Binary;
using Overlay.Dataplane.Diagnostics;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Forwarding;
using Overlay.TestKit.InMemory;
using Xunit;

namespace Overlay.Dataplane.Tests.Pipeline;

/// <summary>A frame never reaches a VNI other than its own: every (port, VNI, tag) triple, every destination, both directions.</summary>
public sealed class IsolationTests
{
    /// <summary>Where frames of a VNI may be seen on a port, and with which tag (0 = untagged, −1 = never).</summary>
    private static readonly (string Port, uint Vni, int Vid)[] Places =
    [
        ("web", 100, 0), ("db", 100, 0), ("trunk", 200, 20), ("trunk", 300, 30), ("trunk", 400, 0), ("trunk2", 200, 21), ("clear", 500, 0),
    ];

    private static readonly string[] Ports = ["web", "db", "trunk", "trunk2", "clear", "nowhere"];

    public static TheoryData<Wire> Wires => Bench.Wires;

    [Theory]
    [MemberData(nameof(Wires))]
    public void No_frame_crosses_vnis(Wire wire)
    {
        Random random = new(99);
        Bench bench = new(wire);
        foreach ((string port, uint vni, _) in Places)
        {
            // Every station is known in its VNI, and known falsely in the others: by a port that is not in them.
            foreach (uint other in (ReadOnlySpan<uint>)[100, 200, 300, 400, 500])
                bench.Node.Learn(new Vni(other), Station(port, vni), bench.PortTarget(port), FdbOrigin.Local);
        }

        for (int i = 0; i < 20_000; i++)
        {
            (string target, uint targetVni, _) = Places[random.Next(Places.Length)];
            MacAddress destination = random.Next(3) == 0 ? MacAddress.Broadcast : Station(target, targetVni);
            byte[] frame = Frames.Opaque(destination, new MacAddress(0x06_00_00_00_00_00UL + (ulong)random.Next(8)), 46);
            uint vni = random.Next(2) == 0 ? FromPort(bench, random, frame) : FromWire(bench, random, frame);
            Check(bench, vni);
        }

        Assert.True(bench.Node.IsBalanced());
        Assert.InRange(bench.Node.Totals.Delivered(Direction.Tx), 1000, 20_000);
        Assert.InRange(bench.Node.Totals.Delivered(Direction.Rx), 1000, 20_000);
    }

    /// <returns>The VNI the frame belongs to; uint.MaxValue if it must be seen nowhere.</returns>
    private static uint FromPort(Bench bench, Random random, byte[] frame)
    {
        string port = Ports[random.Next(Ports.Length)];
        int vid = random.Next(4) switch { 0 => -1, 1 => 20 + (random.Next(3) * 5), 2 => 20 + random.Next(2), _ => 30 };
        uint vni = (port, vid) switch
        {
            ("web" or "db", -1) => 100,
            ("trunk", -1) => 400,
            ("trunk", 20) => 200,
            ("trunk", 30) => 300,
            ("trunk2", 21) => 200,
            ("clear", _) => 500,
            _ => uint.MaxValue,
        };
        Mark(frame, vni);
        bench.Node.Send(port, vid < 0 ? frame : Frames.Tagged(frame, vid));
        return vni;
    }

    private static uint FromWire(Bench bench, Random random, byte[] frame)
    {
        uint vni = (uint)random.Next(1, 7) * 100;
        byte[] inner = random.Next(3) == 0 ? Frames.Tagged(frame, 20 + (random.Next(3) * 5)) : frame;
        Mark(inner, vni);
        bench.FromB(inner, new Vni(vni));
        return vni;
    }

    private static void Mark(byte[] frame, uint vni) => BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(frame.Length - 4), vni);

    private static void Check(Bench bench, uint vni)
    {
        foreach (SentDatagram datagram in bench.Node.Underlay.Take())
        {
            (TunnelInfo info, byte[] inner) = bench.Read(datagram);
            Assert.Equal(vni, info.Vni.Value);
            Assert.Equal(vni, BinaryPrimitives.ReadUInt32BigEndian(inner.AsSpan(inner.Length - 4)));
        }

        foreach (string port in Ports)
        {
            foreach ((byte[] frame, _) in bench.Node.Device(port).Take())
            {
                Assert.Equal(vni, BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(frame.Length - 4)));
                (_, _, int vid) = Assert.Single(Places, place => place.Port == port && place.Vni == vni);
                bool isTagged = EtherType.IsVlanTag(BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(12)));
                if (port != "clear")
                    Assert.Equal(vid != 0, isTagged);

                if (vid != 0)
                    Assert.Equal(vid, BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(14)) & 0xFFF);
            }
        }
    }

    private static MacAddress Station(string port, uint vni) => new(0x02_00_00_00_00_00UL + ((ulong)Array.IndexOf(Ports, port) << 16) + vni);
}
