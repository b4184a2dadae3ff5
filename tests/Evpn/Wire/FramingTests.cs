using System.Buffers;
using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Tests.Wire;

/// <summary>Messages out of a stream that arrives in any pieces.</summary>
public sealed class FramingTests
{
    [Fact]
    public void Messages_come_out_whole_however_the_stream_is_cut()
    {
        byte[] octets =
        [
            .. Messages.Written(KeepaliveMessage.Write), .. Messages.Update(Messages.Attributes(), Messages.Mac(1)), .. Messages.Written(UpdateWriter.WriteEndOfRib),
            .. Messages.Written(KeepaliveMessage.Write),
        ];
        for (int piece = 1; piece <= octets.Length; piece++)
        {
            ReadOnlySequence<byte> stream = Pieces(octets, piece);
            List<(BgpMessageType Type, long Length)> read = [];
            while (BgpHeader.TryFrame(ref stream, 4096, out BgpMessageType type, out ReadOnlySequence<byte> body, out _))
            {
                read.Add((type, body.Length));
            }

            Assert.Equal(0, stream.Length);
            Assert.Equal([(BgpMessageType.Keepalive, 0L), (BgpMessageType.Update, 84L), (BgpMessageType.Update, 10L), (BgpMessageType.Keepalive, 0L)], read);
        }
    }

    [Fact]
    public void Part_of_a_message_is_waited_for_and_stays()
    {
        byte[] octets = Messages.Update(Messages.Attributes(), Messages.Mac(1));
        for (int length = 0; length < octets.Length; length++)
        {
            var stream = new ReadOnlySequence<byte>(octets, 0, length);
            Assert.Equal(FrameStatus.NeedMore, BgpFraming.TryRead(ref stream, 4096, out _, out _, out _));
            Assert.Equal(length, stream.Length);
        }
    }

    [Fact]
    public void A_stream_that_is_not_BGP_is_known_by_its_first_octet()
    {
        var stream = new ReadOnlySequence<byte>("G"u8.ToArray());
        Assert.Equal(FrameStatus.Error, BgpFraming.TryRead(ref stream, 4096, out _, out _, out BgpError error));
        Assert.Equal(BgpErrorCode.MessageHeader, error.Code);
        Assert.Equal(1, error.Subcode);
    }

    [Theory]
    [InlineData(4096, true)]
    [InlineData(4097, false)]
    [InlineData(65535, false)]
    public void Extended_messages_carry_what_was_agreed_on(int length, bool isShort)
    {
        byte[] octets = new byte[length];
        BgpHeader.WriteTo(octets, BgpMessageType.Update, length);
        foreach (int most in new[] { BgpHeader.MaxMessageLength, BgpHeader.MaxExtendedMessageLength })
        {
            var stream = new ReadOnlySequence<byte>(octets);
            bool fits = isShort || most == BgpHeader.MaxExtendedMessageLength;
            Assert.Equal(fits ? FrameStatus.Ok : FrameStatus.Error, BgpFraming.TryRead(ref stream, most, out _, out ReadOnlySequence<byte> body, out _));
            Assert.Equal(fits ? length - BgpHeader.Length : 0, body.Length);
        }
    }

    private static ReadOnlySequence<byte> Pieces(byte[] octets, int size)
    {
        Piece first = new(octets.AsMemory(0, Math.Min(size, octets.Length)), 0);
        Piece last = first;
        for (int at = size; at < octets.Length; at += size)
        {
            last = last.Append(octets.AsMemory(at, Math.Min(size, octets.Length - at)));
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, long index)
        {
            Memory = memory;
            RunningIndex = index;
        }

        public Piece Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Piece(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
