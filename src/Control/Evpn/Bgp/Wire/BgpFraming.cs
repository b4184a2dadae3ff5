using System.Buffers;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>Cuts a stream into messages (RFC 4271 §6.1, RFC 8654 §4). Total: any octets give a message, an error or "more".</summary>
public static class BgpFraming
{
    private const byte ConnectionNotSynchronized = 1;
    private const byte BadMessageLength = 2;
    private const byte BadMessageType = 3;

    /// <summary>Reads the next message.</summary>
    /// <param name="stream">What was received and not read; the message is taken off it.</param>
    /// <param name="maxLength">Longest message that was agreed on: 4096, or 65535 (RFC 8654). OPEN and KEEPALIVE never exceed 4096.</param>
    /// <param name="type">The type, of <see cref="FrameStatus.Ok"/> only.</param>
    /// <param name="body">The message without its header, borrowed from <paramref name="stream"/>.</param>
    /// <param name="error">What to answer with, of <see cref="FrameStatus.Error"/> only.</param>
    /// <returns>Whether there is a message.</returns>
    public static FrameStatus TryRead(ref ReadOnlySequence<byte> stream, int maxLength, out BgpMessageType type, out ReadOnlySequence<byte> body, out BgpError error)
    {
        type = default;
        body = default;
        error = default;
        Span<byte> header = stackalloc byte[BgpHeader.Length];
        int there = (int)Math.Min(stream.Length, BgpHeader.Length);
        stream.Slice(0, there).CopyTo(header);

        // RFC 4271 §6.1: a marker that is not all ones. Found as soon as it is there: a peer that speaks another protocol is not waited for.
        if (header[..Math.Min(there, BgpHeader.MarkerLength)].ContainsAnyExcept((byte)0xFF))
        {
            error = new BgpError(BgpErrorCode.MessageHeader, ConnectionNotSynchronized);
            return FrameStatus.Error;
        }

        if (there < BgpHeader.Length)
        {
            return FrameStatus.NeedMore;
        }

        int length = BgpHeader.LengthOf(header);
        type = (BgpMessageType)BgpHeader.TypeOf(header);
        if (length < BgpHeader.Length || length > maxLength)
        {
            return BadLength(header, out error);
        }

        // RFC 4271 §6.1: the data of 1/3 is the type.
        if (type is < BgpMessageType.Open or > BgpMessageType.RouteRefresh)
        {
            error = new BgpError(BgpErrorCode.MessageHeader, BadMessageType, new[] { (byte)type });
            return FrameStatus.Error;
        }

        if (length < LeastLength(type) || length > MostLength(type, maxLength))
        {
            return BadLength(header, out error);
        }

        if (stream.Length < length)
        {
            return FrameStatus.NeedMore;
        }

        body = stream.Slice(BgpHeader.Length, length - BgpHeader.Length);
        stream = stream.Slice(length);
        return FrameStatus.Ok;
    }

    /// <summary>RFC 4271 §6.1: the data of 1/2 is the length field.</summary>
    private static FrameStatus BadLength(ReadOnlySpan<byte> header, out BgpError error)
    {
        error = new BgpError(BgpErrorCode.MessageHeader, BadMessageLength, BgpHeader.LengthFieldOf(header).ToArray());
        return FrameStatus.Error;
    }

    private static int LeastLength(BgpMessageType type) => BgpHeader.Length + type switch
    {
        BgpMessageType.Open => 10,
        BgpMessageType.Update => 4,
        BgpMessageType.Notification => 2,
        BgpMessageType.RouteRefresh => 4,
        _ => 0,
    };

    private static int MostLength(BgpMessageType type, int maxLength) => type switch
    {
        BgpMessageType.Open => BgpHeader.MaxMessageLength,
        BgpMessageType.Keepalive => BgpHeader.Length,
        _ => maxLength,
    };
}
