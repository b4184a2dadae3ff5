using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Overlay.Dataplane.Buffers;
using Overlay.Encap;

namespace Overlay.Dataplane.Interop;

/// <summary>
/// Writes many frames to a queue of a TAP in one system call: a TAP has no batch call of its own, io_uring makes one of many <c>writev</c>. The kernel carries them out
/// in order, one after the other, before the call returns; a write that cannot be done at once is refused (RWF_NOWAIT), never put off, so none overtakes another.
/// Kept by thread, because any worker may send.
/// </summary>
internal sealed unsafe class TapWriteRing
{
    /// <summary>Frames below which the ring is not worth its own cost.</summary>
    internal const int FewestFrames = 4;

    private const int Size = 128;
    private const int VectorCount = 1024;
    private const int HeaderStride = 16;

    // Batches that a thread writes without a ring before it asks for one again, where there was no memory or no descriptor for it.
    private const int Patience = 4096;

    [ThreadStatic]
    private static TapWriteRing? _current;

    [ThreadStatic]
    private static int _untilRetry;

    // Why there is none: what the kernel has not, or does not allow, it will not have later.
    private static int _refusal;

    private readonly SubmissionRing _ring;
    private readonly Libc.Iovec[] _vectors = GC.AllocateArray<Libc.Iovec>(VectorCount, pinned: true);
    private readonly byte[] _headers = GC.AllocateArray<byte>(Size * HeaderStride, pinned: true);

    private TapWriteRing(SubmissionRing ring) => _ring = ring;

    /// <summary>0 while rings can be had, as far as is known; the negative errno of who refused.</summary>
    internal static int Refusal => Volatile.Read(ref _refusal);

    /// <summary>The ring of the calling thread; null where the kernel has none for us, or none now.</summary>
    internal static TapWriteRing? Current => Refusal != 0 ? null : _current ?? Create();

    /// <summary>The results of the last <see cref="Write"/>: octets, or a negative errno.</summary>
    internal ReadOnlySpan<int> Results => _ring.Results;

    /// <summary>Looks whether there can be rings. 0, or a negative errno. To be called once, before the workers begin.</summary>
    internal static int Probe()
    {
        if (Refusal != 0)
            return Refusal;
        int result = -Errno.NotSupported;
        if (Environment.OSVersion.Version >= new Version(6, 4))
        {
            result = SubmissionRing.TryCreate(Size, out SubmissionRing? ring);
            ring?.Dispose();
        }

        if (result < 0)
            Note(result);
        return result;
    }

    /// <summary>No thread shall use a ring from now on, those that have one neither; 0 takes that back.</summary>
    internal static void Refuse(int errno) => Volatile.Write(ref _refusal, errno);

    /// <summary>Takes note of an error of io_uring: what will not change is a refusal, for good; what may be over in a moment (no memory, no descriptor) is not.</summary>
    internal static void Note(int errno)
    {
        if (-errno is Errno.NotSupported or Errno.NotImplemented or Errno.Perm or Errno.Access or Errno.Invalid)
            Refuse(errno);
    }

    /// <summary>Writes as many frames of a batch as there is room for.</summary>
    /// <param name="descriptor">The queue.</param>
    /// <param name="batch">The frames.</param>
    /// <param name="first">The first of them.</param>
    /// <returns>How many have a result, 0 or more; 0 if the first has more pieces than there is room for.</returns>
    internal int Write(int descriptor, PortTxBatch batch, int first)
    {
        byte[] slab = batch.Slab;
        Libc.Iovec* vectors = (Libc.Iovec*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_vectors));
        byte* headers = Pinned(_headers);
        int used = 0;
        _ring.Clear();
        for (int index = first; index < batch.Count && _ring.Count < Size; index++)
        {
            ref readonly TxFrame frame = ref batch.Frames[index];
            int begin = used;
            if (used + 2 > VectorCount)
                break;
            byte* header = headers + (_ring.Count * HeaderStride);
            frame.Vnet.WriteTo(new Span<byte>(header, VnetHeader.LengthWithBuffers));
            vectors[used].Base = header;
            vectors[used++].Length = VnetHeader.LengthWithBuffers;
            Set(ref vectors[used++], slab, frame.Offset, frame.Length);
            int piece = frame.Next;
            for (; piece >= 0 && used < VectorCount; piece = batch.Pieces[piece].Next)
                Set(ref vectors[used++], slab, batch.Pieces[piece].Offset, batch.Pieces[piece].Length);
            if (piece >= 0)
                break;
            _ring.AddWrite(descriptor, vectors + begin, used - begin);
        }

        int count = _ring.Count;
        if (count != 0 && _ring.Submit() is int error and < 0)
            Note(error);
        return count;
    }

    private static TapWriteRing? Create()
    {
        if (_untilRetry > 0)
        {
            _untilRetry--;
            return null;
        }

        int result = SubmissionRing.TryCreate(Size, out SubmissionRing? ring);
        if (ring is not null)
            return _current = new TapWriteRing(ring);
        _untilRetry = Patience;
        Note(result);
        return null;
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
