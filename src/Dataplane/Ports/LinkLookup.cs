using System.Buffers.Binary;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Underlay;

namespace Overlay.Dataplane.Ports;

/// <summary>Asks the kernel about one link of the caller's namespace, by <c>RTM_GETLINK</c> (rtnetlink(7)).</summary>
internal static class LinkLookup
{
    private const int HeaderLength = 16;
    private const int LinkHeaderLength = 16;
    private const int AttributeLength = 8;
    private const int AnswerSize = 32 * 1024;
    private const ushort GetLink = 18;
    private const ushort FlagRequest = 1;

    // IFLA_EXT_MASK with RTEXT_FILTER_SKIP_STATS.
    private const ushort ExtendedMask = 29;
    private const uint SkipStatistics = 1 << 3;

    /// <summary>The link with an index; null if there is none or the kernel does not say.</summary>
    internal static RtnetlinkMessage? Find(int index)
    {
        if (NetlinkSocket.TryOpen(groups: 0, out NetlinkSocket? socket) < 0 || socket is null)
            return null;
        using (socket)
            return Find(socket, index);
    }

    /// <summary>The link with an index in the socket's namespace; null if there is none or the kernel does not say.</summary>
    /// <param name="socket">A socket that listens to nothing; one caller at a time.</param>
    /// <param name="index">The interface index.</param>
    internal static RtnetlinkMessage? Find(NetlinkSocket socket, int index)
    {
        Span<byte> request = stackalloc byte[HeaderLength + LinkHeaderLength + AttributeLength];
        request.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(request, request.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(request[4..], GetLink);
        BinaryPrimitives.WriteUInt16LittleEndian(request[6..], FlagRequest);
        BinaryPrimitives.WriteInt32LittleEndian(request[(HeaderLength + 4)..], index);
        Span<byte> attribute = request[(HeaderLength + LinkHeaderLength)..];
        BinaryPrimitives.WriteUInt16LittleEndian(attribute, AttributeLength);
        BinaryPrimitives.WriteUInt16LittleEndian(attribute[2..], ExtendedMask);
        BinaryPrimitives.WriteUInt32LittleEndian(attribute[4..], SkipStatistics);
        if (socket.Send(request) < 0)
            return null;

        // The kernel answers before send returns; an answer to an earlier question of another kind is passed over.
        byte[] answer = new byte[AnswerSize];
        for (int length = socket.Receive(answer); length > 0; length = socket.Receive(answer))
        {
            var reader = new RtnetlinkReader(answer.AsSpan(0, length));
            if (reader.TryRead(out RtnetlinkMessage message) && message.Kind == RtnetlinkKind.LinkNew && message.Index == index)
                return message;
        }

        return null;
    }
}
