using System.Buffers.Binary;
using System.Text;

namespace Overlay.Dataplane.Interop;

/// <summary>What rtnetlink(7) knows about a TUN or TAP device, and the queueing discipline it is given. In the caller's network namespace; not on a fast path.</summary>
internal static class TunLink
{
    private const int HeaderLength = 16;
    private const int FamilyHeaderLength = 16;
    private const int QueueHeaderLength = 20;
    private const int AttributeHeaderLength = 4;
    private const int AnswerSize = 32 << 10;
    private const ushort MessageError = 2;
    private const ushort MessageNewLink = 16;
    private const ushort MessageRemoveLink = 17;
    private const ushort MessageGetLink = 18;
    private const ushort MessageSetLink = 19;
    private const ushort MessageNewQueueingDiscipline = 36;
    private const ushort FlagRequest = 0x001;
    private const ushort FlagAcknowledge = 0x004;
    private const ushort FlagReplace = 0x100;
    private const ushort FlagCreate = 0x400;
    private const ushort LinkInfo = 18;
    private const ushort LinkAlias = 20;
    private const ushort InfoData = 2;
    private const ushort TunPersist = 6;
    private const ushort TunMultiQueue = 7;
    private const ushort TunQueues = 8;
    private const ushort AttributeKind = 1;
    private const ushort TypeMask = 0x3FFF;

    /// <summary>A device as the kernel describes it.</summary>
    /// <param name="IsPersistent">It stays without anybody who has it open.</param>
    /// <param name="IsMultiQueue">It was made with IFF_MULTI_QUEUE.</param>
    /// <param name="Queues">Queues in use by whoever has it open.</param>
    internal readonly record struct State(bool IsPersistent, bool IsMultiQueue, int Queues);

    /// <summary>Describes a device; null if it is no TUN or TAP, or an old kernel does not say.</summary>
    internal static State? Read(int index)
    {
        Span<byte> request = stackalloc byte[HeaderLength + FamilyHeaderLength];
        WriteLinkRequest(request, MessageGetLink, FlagRequest, index);
        byte[] answer = new byte[AnswerSize];
        int length = Ask(request, answer);
        ReadOnlySpan<byte> message = answer.AsSpan(0, Math.Max(length, 0));
        if (length < HeaderLength + FamilyHeaderLength || BinaryPrimitives.ReadUInt16LittleEndian(message[4..]) != MessageNewLink)
            return null;
        ReadOnlySpan<byte> data = Find(Find(message[(HeaderLength + FamilyHeaderLength)..], LinkInfo), InfoData);
        ReadOnlySpan<byte> persist = Find(data, TunPersist);
        ReadOnlySpan<byte> multiQueue = Find(data, TunMultiQueue);
        if (persist.Length < 1 || multiQueue.Length < 1)
            return null;
        ReadOnlySpan<byte> queues = Find(data, TunQueues);
        return new State(persist[0] != 0, multiQueue[0] != 0, queues.Length < sizeof(int) ? 0 : BinaryPrimitives.ReadInt32LittleEndian(queues));
    }

    /// <summary>The alias of a device (<c>ip link set … alias</c>); empty if it has none or is not there.</summary>
    internal static string Alias(int index)
    {
        Span<byte> request = stackalloc byte[HeaderLength + FamilyHeaderLength];
        WriteLinkRequest(request, MessageGetLink, FlagRequest, index);
        byte[] answer = new byte[AnswerSize];
        int length = Ask(request, answer);
        if (length < HeaderLength + FamilyHeaderLength || BinaryPrimitives.ReadUInt16LittleEndian(answer.AsSpan(4)) != MessageNewLink)
            return "";
        ReadOnlySpan<byte> alias = Find(answer.AsSpan((HeaderLength + FamilyHeaderLength)..length), LinkAlias);
        return Encoding.UTF8.GetString(alias.TrimEnd((byte)0));
    }

    /// <summary>Gives a device an alias, at most 255 octets. 0, or a negative errno.</summary>
    internal static int SetAlias(int index, string alias)
    {
        byte[] text = Encoding.UTF8.GetBytes(alias);
        Span<byte> request = new byte[HeaderLength + FamilyHeaderLength + AttributeHeaderLength + ((text.Length + 3) & ~3)];
        WriteLinkRequest(request, MessageSetLink, FlagRequest | FlagAcknowledge, index);
        Span<byte> attribute = request[(HeaderLength + FamilyHeaderLength)..];
        BinaryPrimitives.WriteUInt16LittleEndian(attribute, (ushort)(AttributeHeaderLength + text.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(attribute[2..], LinkAlias);
        text.CopyTo(attribute[AttributeHeaderLength..]);
        return Acknowledged(request);
    }

    /// <summary>Removes a device. 0, or a negative errno.</summary>
    internal static int Remove(int index)
    {
        Span<byte> request = stackalloc byte[HeaderLength + FamilyHeaderLength];
        WriteLinkRequest(request, MessageRemoveLink, FlagRequest | FlagAcknowledge, index);
        return Acknowledged(request);
    }

    /// <summary>
    /// Gives a device that is not up yet no queueing discipline. A TAP never makes one wait, so it would be work for nothing; and one of many queues gets one for each queue it
    /// may ever have, 256, which takes the kernel 6 MB a device. 0, or a negative errno.
    /// </summary>
    internal static int RemoveQueueingDiscipline(int index)
    {
        ReadOnlySpan<byte> kind = "noqueue\0"u8;
        Span<byte> request = stackalloc byte[HeaderLength + QueueHeaderLength + AttributeHeaderLength + 8];
        request.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(request[4..], MessageNewQueueingDiscipline);
        BinaryPrimitives.WriteUInt16LittleEndian(request[6..], FlagRequest | FlagAcknowledge | FlagReplace | FlagCreate);

        // struct tcmsg: family, padding, index, handle, parent (the root), info.
        BinaryPrimitives.WriteInt32LittleEndian(request[(HeaderLength + 4)..], index);
        BinaryPrimitives.WriteUInt32LittleEndian(request[(HeaderLength + 12)..], uint.MaxValue);
        Span<byte> attribute = request[(HeaderLength + QueueHeaderLength)..];
        BinaryPrimitives.WriteUInt16LittleEndian(attribute, (ushort)(AttributeHeaderLength + kind.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(attribute[2..], AttributeKind);
        kind.CopyTo(attribute[AttributeHeaderLength..]);
        return Acknowledged(request);
    }

    private static void WriteLinkRequest(Span<byte> request, ushort kind, ushort flags, int index)
    {
        request.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(request[4..], kind);
        BinaryPrimitives.WriteUInt16LittleEndian(request[6..], flags);
        BinaryPrimitives.WriteInt32LittleEndian(request[(HeaderLength + 4)..], index);
    }

    private static int Acknowledged(Span<byte> request)
    {
        Span<byte> answer = stackalloc byte[1024];
        int length = Ask(request, answer);
        if (length < HeaderLength + sizeof(int) || BinaryPrimitives.ReadUInt16LittleEndian(answer[4..]) != MessageError)
            return length < 0 ? length : -Errno.Invalid;
        return BinaryPrimitives.ReadInt32LittleEndian(answer[HeaderLength..]);
    }

    // The kernel answers before the send returns.
    private static int Ask(Span<byte> request, Span<byte> answer)
    {
        BinaryPrimitives.WriteInt32LittleEndian(request, request.Length);
        int result = NetlinkSocket.TryOpen(groups: 0, out NetlinkSocket? socket);
        if (socket is null)
            return result;
        using (socket)
        {
            result = socket.Send(request);
            return result < 0 ? result : socket.Receive(answer);
        }
    }

    private static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> attributes, ushort wanted)
    {
        while (attributes.Length >= AttributeHeaderLength)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(attributes);
            if (length < AttributeHeaderLength || length > attributes.Length)
                return [];
            if ((BinaryPrimitives.ReadUInt16LittleEndian(attributes[2..]) & TypeMask) == wanted)
                return attributes[AttributeHeaderLength..length];
            attributes = attributes[Math.Min((length + 3) & ~3, attributes.Length)..];
        }

        return [];
    }
}
