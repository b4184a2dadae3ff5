using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Overlay.Dataplane.Interop;

/// <summary>
/// An io_uring instance that is used as a batch of system calls: requests are prepared, handed to the kernel in one call, which carries them out one after the other on the calling
/// thread, and their results are there when it returns. Nothing is in flight between two calls.
/// </summary>
/// <remarks>
/// <b>Threading:</b> the thread that made it, alone. <b>Ownership:</b> descriptor and memory go with <see cref="Dispose"/>, at the latest with the finalizer, as a thread that
/// ends cannot say so.
/// </remarks>
internal sealed unsafe class SubmissionRing : IDisposable
{
    /// <summary>Not a result: the kernel has not said what became of the request.</summary>
    internal const int NoResult = int.MinValue;

    private const int ParametersSize = 120;
    private const int EntrySize = 64;
    private const int CompletionSize = 16;
    private const uint SetupCooperative = 1 << 8;
    private const uint SetupSingleIssuer = 1 << 12;
    private const uint FeatureSingleMap = 1;
    private const int EnterGetEvents = 1;
    private const int ProtectReadWrite = 3;
    private const int MapSharedPopulate = 0x8001;
    private const nint OffsetOfEntries = 0x1000_0000;
    private const byte OperationWriteV = 2;
    private const uint FlagNoWait = 8;

    private readonly FileDescriptor _descriptor;
    private readonly nuint _ringSize;
    private readonly nuint _entriesSize;
    private readonly int[] _results;
    private readonly uint _mask;
    private readonly uint _completionMask;
    private byte* _ring;
    private byte* _entries;
    private uint* _tail;
    private uint* _completionHead;
    private uint* _completionTail;
    private byte* _completions;

    private SubmissionRing(FileDescriptor descriptor, Parameters* parameters, byte* ring, nuint ringSize, byte* entries)
    {
        _descriptor = descriptor;
        _ring = ring;
        _ringSize = ringSize;
        _entries = entries;
        _entriesSize = parameters->SubmissionEntries * EntrySize;
        Size = (int)parameters->SubmissionEntries;
        _results = new int[Size];
        _mask = parameters->SubmissionEntries - 1;
        _completionMask = parameters->CompletionEntries - 1;
        _tail = (uint*)(ring + parameters->Submission.Tail);
        _completionHead = (uint*)(ring + parameters->Completion.Head);
        _completionTail = (uint*)(ring + parameters->Completion.Tail);
        _completions = ring + parameters->Completion.Entries;

        // Entries are used in turn.
        var order = (uint*)(ring + parameters->Submission.Array);
        for (uint i = 0; i < parameters->SubmissionEntries; i++)
            order[i] = i;
        new Span<byte>(entries, (int)_entriesSize).Clear();
    }

    /// <summary>The last resort.</summary>
    ~SubmissionRing() => Unmap();

    /// <summary>Requests of one call.</summary>
    internal int Size { get; }

    /// <summary>Requests that were prepared.</summary>
    internal int Count { get; private set; }

    /// <summary>The results of the last <see cref="Submit"/>, in the order the requests were prepared: as the system call's, or a negative errno.</summary>
    internal ReadOnlySpan<int> Results => _results;

    /// <summary>Makes a ring for the calling thread. 0, or a negative errno: the kernel has none (ENOSYS), or does not allow it (EPERM: a seccomp filter, kernel.io_uring_disabled).</summary>
    /// <param name="size">Requests of one call, a power of two.</param>
    /// <param name="ring">The ring; null if it was refused.</param>
    internal static int TryCreate(int size, out SubmissionRing? ring)
    {
        ring = null;
        Parameters parameters = default;
        int result = -Errno.Invalid;

        // Both flags spare the kernel work for other ways of use; one that does not know them refuses the call.
        foreach (uint flags in (ReadOnlySpan<uint>)[SetupCooperative | SetupSingleIssuer, 0])
        {
            parameters = new Parameters { Flags = flags };
            result = Libc.Result(Libc.SystemCall(SystemCalls.IoUringSetup, size, (nint)(&parameters), 0));
            if (result != -Errno.Invalid)
                break;
        }

        if (result < 0)
            return result;
        var descriptor = new FileDescriptor(result);
        if ((parameters.Features & FeatureSingleMap) == 0)
        {
            descriptor.Dispose();
            return -Errno.Invalid;
        }

        nuint ringSize = Math.Max(
            parameters.Submission.Array + (parameters.SubmissionEntries * sizeof(uint)), parameters.Completion.Entries + (parameters.CompletionEntries * CompletionSize));
        byte* memory = Map(descriptor, ringSize, 0);
        byte* entries = memory is null ? null : Map(descriptor, parameters.SubmissionEntries * EntrySize, OffsetOfEntries);
        if (entries is null)
        {
            if (memory is not null)
                _ = Libc.MUnmap(memory, ringSize);
            descriptor.Dispose();
            return -Errno.NoMemory;
        }

        ring = new SubmissionRing(descriptor, &parameters, memory, ringSize, entries);
        return 0;
    }

    /// <summary>A sentence fragment for a negative result of <see cref="TryCreate"/>.</summary>
    internal static string Describe(int negative) => -negative switch
    {
        Errno.NotImplemented => "the kernel has none",
        Errno.Perm or Errno.Access => "not allowed: sysctl kernel.io_uring_disabled, or a filter of system calls",
        Errno.NotSupported => "TAP devices of this kernel cannot be written to without waiting; Linux 6.4 or later",
        _ => Errno.Describe(negative),
    };

    /// <summary>Prepares a gathering write that never waits. There are fewer than <see cref="Size"/>.</summary>
    /// <param name="descriptor">Where to.</param>
    /// <param name="vectors">What; pinned until <see cref="Submit"/> returns.</param>
    /// <param name="count">Vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void AddWrite(int descriptor, Libc.Iovec* vectors, int count)
    {
        int index = Count++;
        var entry = (Entry*)(_entries + (((*_tail + (uint)index) & _mask) * EntrySize));
        entry->Operation = OperationWriteV;
        entry->Descriptor = descriptor;
        entry->Address = vectors;
        entry->Length = (uint)count;
        entry->Flags = FlagNoWait;
        entry->Tag = (ulong)index;
    }

    /// <summary>Hands over what was prepared and takes the results. When it returns the kernel has done with all memory.</summary>
    /// <returns>0; a negative errno if not all was handed over: the rest has <see cref="NoResult"/>.</returns>
    internal int Submit()
    {
        int error = 0;
        int count = Count;
        Count = 0;
        _results.AsSpan(0, count).Fill(NoResult);
        Volatile.Write(ref *_tail, *_tail + (uint)count);
        int taken = 0;
        int done = 0;
        while (done < count)
        {
            // Carried out at once means: with the first call all results are there, and it need not be told to wait for them.
            int result = Libc.Result(Libc.SystemCall(
                SystemCalls.IoUringEnter, _descriptor.Value, count - taken, taken == count ? 1 : 0, taken == count ? EnterGetEvents : 0, 0, 0));
            taken += Math.Max(result, 0);
            done += Take();
            if (result >= 0 || result == -Errno.Interrupted)
                continue;

            // Out of memory, or a filter that came later. What was not taken is taken back; what was taken is waited for, come what may.
            error = result;
            *_tail -= (uint)(count - taken);
            count = taken;
        }

        return error;
    }

    /// <summary>Forgets what was prepared.</summary>
    internal void Clear() => Count = 0;

    /// <inheritdoc/>
    public void Dispose()
    {
        Unmap();
        _descriptor.Dispose();
        GC.SuppressFinalize(this);
    }

    private int Take()
    {
        uint head = *_completionHead;
        uint tail = Volatile.Read(ref *_completionTail);
        int count = (int)(tail - head);
        for (; head != tail; head++)
        {
            var completion = (Completion*)(_completions + ((head & _completionMask) * CompletionSize));
            _results[(int)completion->Tag] = completion->Result;
        }

        Volatile.Write(ref *_completionHead, head);
        return count;
    }

    private void Unmap()
    {
        if (_ring is null)
            return;
        _ = Libc.MUnmap(_ring, _ringSize);
        _ = Libc.MUnmap(_entries, _entriesSize);
        _ring = _entries = null;
        _tail = _completionHead = _completionTail = null;
        _completions = null;
    }

    private static byte* Map(FileDescriptor descriptor, nuint length, nint offset)
    {
        byte* memory = (byte*)Libc.MMap(null, length, ProtectReadWrite, MapSharedPopulate, descriptor.Value, offset);
        return memory == (byte*)-1 ? null : memory;
    }

    // struct io_uring_params and what it is made of; linux/io_uring.h.
    [StructLayout(LayoutKind.Sequential)]
    private struct Parameters
    {
        internal uint SubmissionEntries;
        internal uint CompletionEntries;
        internal uint Flags;
        internal uint ThreadProcessor;
        internal uint ThreadIdle;
        internal uint Features;
        internal uint WorkDescriptor;
        internal uint Reserved0;
        internal uint Reserved1;
        internal uint Reserved2;
        internal SubmissionOffsets Submission;
        internal CompletionOffsets Completion;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct SubmissionOffsets
    {
        internal uint Head;
        internal uint Tail;
        internal uint Mask;
        internal uint Entries;
        internal uint Flags;
        internal uint Dropped;
        internal uint Array;
        internal uint Reserved;
        internal ulong Address;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct CompletionOffsets
    {
        internal uint Head;
        internal uint Tail;
        internal uint Mask;
        internal uint RingEntries;
        internal uint Overflow;
        internal uint Entries;
        internal uint Flags;
        internal uint Reserved;
        internal ulong Address;
    }

    [StructLayout(LayoutKind.Explicit, Size = EntrySize)]
    private struct Entry
    {
        [FieldOffset(0)]
        internal byte Operation;

        [FieldOffset(4)]
        internal int Descriptor;

        [FieldOffset(16)]
        internal Libc.Iovec* Address;

        [FieldOffset(24)]
        internal uint Length;

        [FieldOffset(28)]
        internal uint Flags;

        [FieldOffset(32)]
        internal ulong Tag;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Completion
    {
        internal ulong Tag;
        internal int Result;
        internal uint Flags;
    }
}
