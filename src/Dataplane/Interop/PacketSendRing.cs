using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Overlay.Dataplane.Buffers;
using Overlay.Encap;

namespace Overlay.Dataplane.Interop;

/// <summary>
/// The <c>mmsghdr</c> array of <c>sendmmsg</c> on a packet socket: each message is a virtio-net header and the pieces of one frame. Kept by thread, because any
/// worker may send.
/// </summary>
internal sealed unsafe class PacketSendRing
{
    private const int Size = 64;
    private const int VectorCount = 1024;
    private const int HeaderStride = 16;

    // The kernel puts as much of a frame into one piece of memory as the header says; without a word all of it, which for 64 KB it may not find.
    private const int LongFrame = 2048;
    private const int HeadLength = 128;

    [ThreadStatic]
    private static PacketSendRing? _current;

    private readonly Libc.MmsgHdr[] _messages = GC.AllocateArray<Libc.MmsgHdr>(Size, pinned: true);
    private readonly Libc.Iovec[] _vectors = GC.AllocateArray<Libc.Iovec>(VectorCount, pinned: true);
    private readonly byte[] _headers = GC.AllocateArray<byte>(Size * HeaderStride, pinned: true);

    private PacketSendRing()
    {
    }

    /// <summary>The ring of the calling thread.</summary>
    internal static PacketSendRing Current => _current ??= new PacketSendRing();

    /// <summary>Takes as many frames of a batch as there is room for. The number; 0 if the first has more pieces than a call takes.</summary>
    internal int Fill(PortTxBatch batch, int first)
    {
        byte[] slab = batch.Slab;
        int vector = 0;
        int count = 0;
        for (int index = first; index < batch.Count && count < Size; index++, count++)
        {
            ref readonly TxFrame frame = ref batch.Frames[index];
            int begin = vector;
            if (vector + 2 > VectorCount)
                break;
            SetHeader(count, in frame, ref _vectors[vector++]);
            Set(ref _vectors[vector++], slab, frame.Offset, frame.Length);
            int piece = frame.Next;
            for (; piece >= 0 && vector < VectorCount; piece = batch.Pieces[piece].Next)
                Set(ref _vectors[vector++], slab, batch.Pieces[piece].Offset, batch.Pieces[piece].Length);
            if (piece >= 0)
                break;
            ref Libc.MsgHdr header = ref _messages[count].Header;
            header.Iov = (Libc.Iovec*)Unsafe.AsPointer(ref _vectors[begin]);
            header.IovCount = (nuint)(vector - begin);
        }

        return count;
    }

    /// <summary>Sends messages <paramref name="start"/> to <paramref name="end"/> − 1. The number sent (1 or more), or the negative errno of the first.</summary>
    internal int Send(int descriptor, int start, int end)
    {
        if ((uint)start > Size || (uint)(end - start) > (uint)(Size - start))
            throw new ArgumentOutOfRangeException(nameof(start));
        var messages = (Libc.MmsgHdr*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_messages));
        int sent = Libc.SendMmsg(descriptor, messages + start, (uint)(end - start), LinuxConstants.MessageDontWait);
        return sent >= 0 ? sent : -Marshal.GetLastSystemError();
    }

    private void SetHeader(int message, in TxFrame frame, ref Libc.Iovec vector)
    {
        VnetHeader vnet = frame.Vnet;
        if (vnet.HdrLen == 0 && frame.TotalLength > LongFrame)
            vnet = vnet with { HdrLen = HeadLength };
        vnet.WriteTo(_headers.AsSpan(message * HeaderStride, VnetHeader.Length));
        vector.Base = Pinned(_headers) + (message * HeaderStride);
        vector.Length = VnetHeader.Length;
    }

    private static void Set(ref Libc.Iovec vector, byte[] slab, int offset, int length)
    {
        if ((uint)offset > (uint)slab.Length || (uint)length > (uint)(slab.Length - offset))
            throw new ArgumentOutOfRangeException(nameof(offset));
        vector.Base = Pinned(slab) + offset;
        vector.Length = (nuint)length;
    }

    private static byte* Pinned(byte[] array) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(array));
}
