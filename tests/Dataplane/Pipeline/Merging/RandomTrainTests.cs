using System.Buffers.Binary;
using Overlay.Dataplane.Diagnostics;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.TestKit.InMemory;
using Xunit;
using static Overlay.Dataplane.Tests.Pipeline.Bench;

namespace Overlay.Dataplane.Tests.Pipeline.Merging;

/// <summary>
/// Random trains of several flows to several ports, with everything in them that keeps segments apart: whatever was joined, a kernel cuts it into the very frames
/// that were sent, every flow in its order, and what is of no flow is overtaken by nothing.
/// </summary>
public sealed class RandomTrainTests
{
    private const int FramesPerRun = 2000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void Nothing_is_lost_changed_or_reordered(int seed)
    {
        Random random = new(seed);
        Bench bench = MergingTests.Ready();
        bench.Node.Learn(V200, Local, bench.PortTarget("trunk"), FdbOrigin.Local);
        bench.Node.Learn(V300, Local, bench.PortTarget("trunk"), FdbOrigin.Local);
        (Vni Vni, string Port, int Vid)[] places = [(V100, "db", 0), (V200, "trunk", 20), (V300, "trunk", 30)];
        int flowCount = random.Next(1, 12);
        (SegmentTrain Train, int Place)[] flows =
            [.. Enumerable.Range(0, flowCount).Select(i => (new SegmentTrain(Local, Remote, random.Next(3) != 0, random.Next(3) == 0, (ushort)(100 + (i / 2))), random.Next(3)))];
        Dictionary<string, List<byte[]>> sent = places.Select(static place => place.Port).Distinct().ToDictionary(static port => port, static _ => new List<byte[]>());
        int current = 0;
        for (int i = 0; i < FramesPerRun; i++)
        {
            if (random.Next(4) == 0)
                current = random.Next(flowCount);

            (SegmentTrain train, int where) = flows[current];
            (Vni vni, string port, int vid) = places[where];
            byte[] frame = MakeFrame(random, train);
            int times = random.Next(40) == 0 ? 2 : 1;
            for (int n = 0; n < times; n++)
            {
                sent[port].Add(vid == 0 ? frame : Frames.Tagged(frame, vid));
                bench.Node.Underlay.Put(Frames.Datagram(bench.Wire.Encap, vni, frame), bench.PeerB, bench.Wire.Encap);
            }
        }

        bench.Node.Pump();
        int written = 0;
        foreach ((string port, List<byte[]> frames) in sent)
        {
            (byte[] Frame, VnetHeader Vnet)[] delivered = bench.Node.Device(port).Take();
            written += delivered.Length;
            byte[][] cut = [.. delivered.SelectMany(static frame => KernelCut.Cut(frame.Frame, frame.Vnet))];
            AssertSameOrder(frames, cut);
            Assert.Equal(frames.Count, bench.Node.Port(port).Traffic.Frames((int)Direction.Rx));
            Assert.Equal(frames.Sum(static frame => frame.Length), bench.Node.Port(port).Traffic.Octets((int)Direction.Rx));
        }

        Assert.InRange(written, 1, FramesPerRun * 3 / 4);
        Assert.Equal(sent.Sum(static port => port.Value.Count), bench.Node.Totals.Delivered(Direction.Rx));
        Assert.True(bench.Node.IsBalanced());
    }

    private static byte[] MakeFrame(Random random, SegmentTrain train)
    {
        // Now and then the flow itself changes: a retransmission, a gap, another window.
        switch (random.Next(60))
        {
            case 0: train.Sequence -= (uint)random.Next(3000); break;
            case 1: train.Identification = (ushort)random.Next(65_536); break;
            case 2: train.Window = (ushort)random.Next(65_536); break;
            case 3: train.Acknowledgment += (uint)random.Next(3000); break;
            case 4: train.Timestamp++; break;
            case 5: train.Tos ^= (byte)random.Next(256); break;
            case 6: train.Ttl--; break;
            case 7: train.DontFragment = !train.DontFragment; break;
            case 8: train.FlowLabel = (uint)random.Next(1 << 20); break;
            case 9: train.HasTimestamps = !train.HasTimestamps; break;
            case 10: train.Urgent = (ushort)random.Next(3); break;
            default: break;
        }

        int length = random.Next(20) switch
        {
            0 => 0,
            1 => random.Next(1, 1400),
            2 => 1,
            _ => train.IsTcp ? 700 : 64,
        };
        byte flags = random.Next(25) switch
        {
            0 => 0x18,
            1 => 0x11,
            2 => (byte)random.Next(256),
            3 => 0x50,
            _ => 0x10,
        };
        byte[] frame = train.Next(length, flags, random);
        switch (random.Next(60))
        {
            // Corrupted on its way; a header that announces too much or too little; an option, a fragment, padding.
            case 0: frame[random.Next(train.IpOffset, frame.Length)] ^= (byte)(1 << random.Next(8)); break;
            case 1: frame[^1] ^= 0xFF; break;
            case 2: frame = [.. frame, .. new byte[random.Next(1, 20)]]; break;
            case 3 when !train.IsIPv6: frame[20] ^= 0x20; break;
            case 4: BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(train.UpperOffset + (train.IsTcp ? 16 : 6)), random.Next(2) == 0 ? (ushort)0 : (ushort)0xFFFF); break;
            case 5 when train.IsTcp: frame[train.UpperOffset + 12] ^= (byte)(random.Next(16) << 4); break;
            case 6: train.Finish(frame); break;
            case 7: frame = Frames.Opaque(Local, Remote, random.Next(46, 200)); break;
            default: break;
        }

        return frame;
    }

    // Every flow in its order, and no frame on the other side of one that is of no flow.
    private static void AssertSameOrder(List<byte[]> sent, byte[][] cut)
    {
        Assert.Equal(sent.Count, cut.Length);
        foreach (IGrouping<string, byte[]> flow in sent.GroupBy(KeyOf))
            Assert.Equal(flow, cut.Where(frame => KeyOf(frame) == flow.Key));

        int done = 0;
        for (int i = 0; i < sent.Count; i++)
        {
            if (KeyOf(sent[i]).Length != 0)
                continue;

            Assert.Equal(sent[i], cut[i]);
            HashSet<string> before = [.. sent[done..i].Select(Convert.ToHexString)];
            Assert.All(cut[done..i], frame => Assert.Contains(Convert.ToHexString(frame), before));
            done = i + 1;
        }
    }

    // Tag, addresses, protocol and ports; empty for what is of no flow that anybody can read.
    private static string KeyOf(byte[] frame)
    {
        int ip = frame[12] == 0x81 ? 18 : 14;
        int type = BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(ip - 2));
        ReadOnlySpan<byte> packet = frame.AsSpan(ip);
        if (type == 0x0800 && packet[0] == 0x45 && (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) == 0
            && BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) == packet.Length && IsWhole(packet[9], packet.Length - 20))
        {
            return $"{Convert.ToHexString(frame, 12, ip - 12)} {packet[9]} {Convert.ToHexString(packet.Slice(12, 12))}";
        }

        if (type == 0x86DD && packet[0] >> 4 == 6 && BinaryPrimitives.ReadUInt16BigEndian(packet[4..]) == packet.Length - 40 && IsWhole(packet[6], packet.Length - 40))
            return $"{Convert.ToHexString(frame, 12, ip - 12)} {packet[6]} {Convert.ToHexString(packet.Slice(8, 36))}";

        return "";
    }

    private static bool IsWhole(byte protocol, int length) => protocol == 6 ? length >= 20 : protocol == 17 && length >= 8;
}
