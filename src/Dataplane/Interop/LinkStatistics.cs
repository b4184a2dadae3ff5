using System.Buffers.Binary;

namespace Overlay.Dataplane.Interop;

/// <summary>
/// Asks the kernel what it dropped at a device, by <c>RTM_GETSTATS</c> (rtnetlink(7)). Bound to the network namespace it was opened in.
/// One caller at a time.
/// </summary>
internal sealed class LinkStatistics : IDisposable
{
    private const int MessageGetStatistics = 94;
    private const int MessageNewStatistics = 92;
    private const int HeaderLength = 16;
    private const int FamilyHeaderLength = 12;
    private const int AttributeHeaderLength = 4;
    private const ushort FlagRequest = 1;

    // IFLA_STATS_LINK_64, as an attribute and as the bit of the filter that asks for it.
    private const ushort Link64 = 1;

    // struct rtnl_link_stats64: eight octets a field, tx_dropped is the eighth.
    private const int TxDroppedOffset = 7 * sizeof(ulong);

    private readonly NetlinkSocket _socket;
    private uint _sequence;

    private LinkStatistics(NetlinkSocket socket) => _socket = socket;

    /// <summary>The socket, for other questions about links of the same namespace; the statistics own it.</summary>
    internal NetlinkSocket Socket => _socket;

    /// <summary>Opens one in the caller's namespace; null where the kernel refuses.</summary>
    internal static LinkStatistics? TryOpen() =>
        NetlinkSocket.TryOpen(groups: 0, out NetlinkSocket? socket) < 0 || socket is null ? null : new LinkStatistics(socket);

    /// <summary>
    /// Frames that the device dropped instead of queueing them for transmission: of a TAP, those for which its queue to us was full.
    /// Null if the device is gone or the kernel does not say.
    /// </summary>
    /// <param name="index">The interface index.</param>
    internal long? QueueDrops(int index)
    {
        Span<byte> request = stackalloc byte[HeaderLength + FamilyHeaderLength];
        request.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(request, request.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(request[4..], MessageGetStatistics);
        BinaryPrimitives.WriteUInt16LittleEndian(request[6..], FlagRequest);
        BinaryPrimitives.WriteUInt32LittleEndian(request[8..], ++_sequence);
        BinaryPrimitives.WriteInt32LittleEndian(request[(HeaderLength + 4)..], index);
        BinaryPrimitives.WriteUInt32LittleEndian(request[(HeaderLength + 8)..], 1u << (Link64 - 1));
        if (_socket.Send(request) < 0)
            return null;

        // The kernel answers before send returns; an answer to an earlier question that was given up is passed over.
        Span<byte> answer = stackalloc byte[1024];
        for (int length = _socket.Receive(answer); length > 0; length = _socket.Receive(answer))
        {
            ReadOnlySpan<byte> message = answer[..length];
            if (length >= HeaderLength && BinaryPrimitives.ReadUInt32LittleEndian(message[8..]) == _sequence)
                return Parse(message);
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static long? Parse(ReadOnlySpan<byte> message)
    {
        const int DataOffset = HeaderLength + FamilyHeaderLength;
        if (BinaryPrimitives.ReadUInt16LittleEndian(message[4..]) != MessageNewStatistics || message.Length < DataOffset + AttributeHeaderLength)
            return null;
        ReadOnlySpan<byte> attribute = message[DataOffset..];
        int length = BinaryPrimitives.ReadUInt16LittleEndian(attribute);
        bool isComplete = length <= attribute.Length && length >= AttributeHeaderLength + TxDroppedOffset + sizeof(ulong);
        return isComplete && BinaryPrimitives.ReadUInt16LittleEndian(attribute[2..]) == Link64
            ? BinaryPrimitives.ReadInt64LittleEndian(attribute[(AttributeHeaderLength + TxDroppedOffset)..])
            : null;
    }
}
