using System.Buffers.Binary;
using System.Net.Sockets;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Ports;
using Overlay.Encap;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Dataplane.Tests.Ports;

/// <summary>Frames that are written to a TAP together. What is true of them with io_uring is true without it, so both are tried.</summary>
public sealed class TapBatchTests : IDisposable
{
    private const int NotPermitted = -1;
    private readonly NetLab _lab = new();

    public void Dispose()
    {
        TapWriteRing.Refuse(0);
        _lab.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Frames_of_a_batch_come_in_the_order_they_have_in_it(bool refused)
    {
        const int Count = 400;
        (TapPort port, string ns) = Open(refused);
        using var host = new PacketSocket(ns, "tap0", filter: IsOurs);
        PortTxBatch batch = Numbered(Count);
        FrameOutcomes outcomes = new(Count);
        Assert.Equal(Count, port.Send(0, batch, outcomes));
        Assert.All(Enumerable.Range(0, Count), frame => Assert.True(outcomes.IsDelivered(frame)));
        Wait.Until(() => host.Count == Count, TimeSpan.FromSeconds(10), "all frames on the host side");
        Assert.Equal(Enumerable.Range(0, Count), host.Frames.Select(static frame => NumberOf(frame.Data)));
        Assert.Equal(!refused, TapWriteRing.Refusal == 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_frame_that_is_refused_is_dropped_by_name_and_those_behind_it_pass(bool refused)
    {
        const int Count = 30;
        const int Bad = 11;
        (TapPort port, string ns) = Open(refused);
        using var host = new PacketSocket(ns, "tap0", filter: IsOurs);
        PortTxBatch batch = Numbered(Count);
        batch.Frames[Bad].Vnet = new VnetHeader(VnetHeader.NeedsChecksum, VnetHeader.GsoNone, 0, 0, 9000, 6);
        FrameOutcomes outcomes = new(Count);
        Assert.Equal(Count - 1, port.Send(0, batch, outcomes));
        Assert.Equal(DropReason.TapBadVnetHeader, outcomes.ReasonOf(Bad));
        Wait.Until(() => host.Count == Count - 1, TimeSpan.FromSeconds(10), "the other frames on the host side");
        Assert.Equal(Enumerable.Range(0, Count).Where(static frame => frame != Bad), host.Frames.Select(static frame => NumberOf(frame.Data)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_batch_for_a_device_that_is_down_is_port_down(bool refused)
    {
        const int Count = 20;
        (TapPort port, string ns) = Open(refused);
        Cmd.Run(ns, "ip", "link", "set", "tap0", "down").OrThrow();
        FrameOutcomes outcomes = new(Count);
        Assert.Equal(0, port.Send(0, Numbered(Count), outcomes));
        Assert.All(Enumerable.Range(0, Count), frame => Assert.Equal(DropReason.PortDown, outcomes.ReasonOf(frame)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Frames_gathered_from_many_pieces_pass_beside_short_ones(bool refused)
    {
        const int Count = 40;
        const int Pieces = 63;
        const int PieceLength = 10;
        (TapPort port, string ns) = Open(refused);
        using var host = new PacketSocket(ns, "tap0", filter: IsOurs);
        PortTxBatch batch = Numbered(Count, Count * Pieces);
        for (int frame = 0; frame < Count; frame += 2)
        {
            int last = -1;
            for (int i = 0; i < Pieces; i++)
            {
                int piece = batch.AddPiece(i * PieceLength, PieceLength, frame);
                if (last < 0)
                    batch.Frames[frame].Next = piece;
                else
                    batch.Pieces[last].Next = piece;
                batch.Frames[frame].TotalLength += PieceLength;
                last = piece;
            }
        }

        FrameOutcomes outcomes = new(Count);
        Assert.Equal(Count, port.Send(0, batch, outcomes));
        Wait.Until(() => host.Count == Count, TimeSpan.FromSeconds(10), "all frames on the host side");
        Assert.Equal(Enumerable.Range(0, Count), host.Frames.Select(static frame => NumberOf(frame.Data)));
        Assert.All(host.Frames, frame => Assert.Equal(batch.Frames[NumberOf(frame.Data)].TotalLength, frame.Data.Length));
        byte[] gathered = host.Frames[2].Data;
        Assert.Equal(batch.Slab.AsSpan(0, Pieces * PieceLength), gathered.AsSpan(FrameLength));
    }

    [Fact]
    public void Who_is_full_refuses_at_once_and_nothing_comes_later_or_out_of_order()
    {
        const int Count = 100;
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        string path = Path.Combine(_lab.Folder, "full.sock");
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        using var from = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        from.SendBufferSize = 4096;
        from.Connect(new UnixDomainSocketEndPoint(path));
        using Socket to = listener.Accept();
        TapWriteRing ring = TapWriteRing.Current ?? throw new InvalidOperationException("This kernel has no io_uring for us.");
        Assert.Equal(Count, ring.Write((int)from.Handle, Numbered(Count), 0));
        int[] results = ring.Results[..Count].ToArray();
        int taken = Array.IndexOf(results, -Errno.Again);
        Assert.InRange(taken, 1, Count - 1);
        Assert.All(results[..taken], static result => Assert.Equal(VnetHeader.LengthWithBuffers + FrameLength, result));
        Assert.All(results[taken..], static result => Assert.Equal(-Errno.Again, result));

        byte[] octets = new byte[Count * 1000];
        int received = 0;
        to.Blocking = false;
        for (SocketError error = SocketError.Success; error == SocketError.Success;)
            received += to.Receive(octets.AsSpan(received), SocketFlags.None, out error);
        const int Length = VnetHeader.LengthWithBuffers + FrameLength;
        Assert.Equal(taken * Length, received);
        for (int i = 0; i < taken; i++)
            Assert.Equal(i, NumberOf(octets.AsSpan((i * Length) + VnetHeader.LengthWithBuffers)));
    }

    [Fact]
    public void A_refusal_holds_for_threads_that_have_a_ring_already()
    {
        TapWriteRing ring = TapWriteRing.Current ?? throw new InvalidOperationException("This kernel has no io_uring for us.");
        TapWriteRing.Refuse(-Errno.NotSupported);
        Assert.Null(TapWriteRing.Current);
        TapWriteRing.Refuse(0);
        Assert.Same(ring, TapWriteRing.Current);
    }

    [Theory]
    [InlineData(Errno.NotSupported, true)]
    [InlineData(Errno.NotImplemented, true)]
    [InlineData(Errno.Perm, true)]
    [InlineData(Errno.Access, true)]
    [InlineData(Errno.Invalid, true)]
    [InlineData(Errno.NoMemory, false)]
    [InlineData(Errno.Again, false)]
    [InlineData(Errno.Busy, false)]
    [InlineData(Errno.TooManyFiles, false)]
    public void Only_what_will_not_change_forbids_rings_for_good(int errno, bool forGood)
    {
        TapWriteRing.Note(-errno);
        Assert.Equal(forGood, TapWriteRing.Refusal != 0);
    }

    [Fact]
    public void Batches_are_written_without_allocating()
    {
        const int Count = 64;
        (TapPort port, _) = Open(refused: false);
        PortTxBatch batch = Numbered(Count);
        FrameOutcomes outcomes = new(Count);
        int sent = 0;
        int batches = 0;
        Assert.Equal(0, Allocation.Least(() =>
        {
            for (int i = 0; i < 100; i++, batches++)
                sent += port.Send(0, batch, outcomes);
        }));
        Assert.Equal(batches * Count, sent);
    }

    private const int FrameLength = 64;

    private (TapPort Port, string Netns) Open(bool refused)
    {
        TapWriteRing.Refuse(refused ? NotPermitted : 0);
        string ns = _lab.AddHost("a");
        NetLab.SilenceNewDevices(ns);
        DeviceOpenResult result = TapPort.Open(new DeviceOptions { Name = "tap0", Netns = ns });
        Assert.Null(result.Error);
        return (_lab.Own(Assert.IsType<TapPort>(result.Port)), ns);
    }

    private static bool IsOurs(byte[] frame) => frame[12] == 0x88 && frame[13] == 0xB5;

    private static int NumberOf(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadInt32BigEndian(frame[14..]);

    private static PortTxBatch Numbered(int count, int size = 0)
    {
        var batch = new PortTxBatch(Math.Max(count, size)) { Slab = GC.AllocateArray<byte>(count * FrameLength, pinned: true) };
        for (int i = 0; i < count; i++)
        {
            Span<byte> frame = batch.Slab.AsSpan(i * FrameLength, FrameLength);
            MacAddress.Broadcast.WriteTo(frame);
            MacAddress.Parse("02:00:00:00:00:99").WriteTo(frame[6..]);
            frame[12] = 0x88;
            frame[13] = 0xB5;
            BinaryPrimitives.WriteInt32BigEndian(frame[14..], i);
            _ = batch.Add(new TxFrame { Offset = i * FrameLength, Length = FrameLength, Frame = i });
        }

        return batch;
    }
}
