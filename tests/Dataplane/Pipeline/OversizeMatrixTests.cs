using System.Buffers.Binary;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Tests.Storm;
using Overlay.Encap;
using Overlay.TestKit.InMemory;
using Xunit;
using static Overlay.Dataplane.Tests.Pipeline.Bench;

namespace Overlay.Dataplane.Tests.Pipeline;

/// <summary>Frames of every length from 1 to 65,535 octets, one by one: each is delivered, or its sender is told, or it is counted; exactly as the rules have it.</summary>
public sealed class OversizeMatrixTests
{
    private const int Longest = 65_535;
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(2);

    public enum Kind
    {
        IPv4DontFragment,
        IPv4MayFragment,
        IPv6,
        Other,
    }

    /// <summary>Wire, path MTU (0: nothing known), port MTU, kind.</summary>
    public static TheoryData<int, int, int, Kind> Cases
    {
        get
        {
            TheoryData<int, int, int, Kind> cases = [];
            (int Wire, int Path, int Port)[] settings = [(0, 1400, 65_521), (1, 1350, 9000), (2, 0, 1450), (3, 1400, 1300), (0, 0, 65_521), (1, 0, 65_521)];
            foreach ((int wire, int path, int port) in settings)
            {
                foreach (Kind kind in Enum.GetValues<Kind>())
                    cases.Add(wire, path, port, kind);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_length_is_delivered_told_or_counted(int wire, int path, int port, Kind kind)
    {
        StepTime time = new();
        Bench bench = TooBigTests.Make(Wire.All[wire], path, port, time);
        bool isIPv4 = !Wire.All[wire].IsIPv6;

        // The identity of the port is an option of 8 octets in Geneve.
        int tunnel = Wire.All[wire].Encap == EncapKind.Geneve ? 16 : 8;
        int most = (path == 0 ? 65_535 - (isIPv4 ? 20 : 0) : path - (isIPv4 ? 20 : 40)) - 8 - tunnel;
        byte[] template = kind == Kind.Other ? Frames.Opaque(Remote, Tenant, Longest - 14) : TooBigTests.Packet(kind == Kind.IPv6, Longest - 14, kind == Kind.IPv4DontFragment);
        (long delivered, long told, long silent, long malformed) = (0, 0, 0, 0);
        for (int length = 1; length <= Longest; length++)
        {
            Trim(template, kind, length);
            bench.Node.Send("web", template.AsSpan(0, length));
            time.Advance(Step);
            if (length < 14)
                malformed++;
            else if (length - 14 <= port && length <= most)
                delivered++;
            else if (Tells(kind, Math.Min(port, most - 14)))
                told++;
            else
                silent++;

            // Looked at length by length: that something was counted does not say what.
            int sent = bench.Node.Underlay.Take().Length;
            int replies = bench.Node.Device("web").Take().Length;
            if ((sent, replies) != (length - 14 <= port && length <= most && length >= 14 ? 1 : 0, told == 0 || length - 14 <= port && length <= most ? 0 : 1))
                Assert.Fail($"{length} octets: {sent} datagrams, {replies} answers");
        }

        CounterSnapshot totals = bench.Node.Totals;
        Assert.Equal(
            (Longest, delivered, told, silent, malformed),
            (totals.Received(Direction.Tx), totals.Delivered(Direction.Tx), Dropped(DropReason.TooBigNotified), Dropped(DropReason.TooBigSilent), Dropped(DropReason.TapMalformed)));
        Assert.Equal(Longest, delivered + told + silent + malformed);
        Assert.True(bench.Node.IsBalanced());

        long Dropped(DropReason reason) => bench.Node.Dropped(Direction.Tx, reason);
    }

    private static bool Tells(Kind kind, int limit) => kind switch
    {
        Kind.IPv4DontFragment => limit >= 68,
        Kind.IPv6 => limit >= 1280,
        _ => false,
    };

    private static void Trim(byte[] frame, Kind kind, int length)
    {
        if (kind is Kind.IPv4DontFragment or Kind.IPv4MayFragment && length >= 34)
        {
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(16), (ushort)(length - 14));
            TooBigTests.FinishHeader(frame.AsSpan(14, 20));
        }
        else if (kind == Kind.IPv6 && length >= 54)
        {
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(18), (ushort)(length - 54));
        }
    }
}
