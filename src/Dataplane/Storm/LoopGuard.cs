using System.Runtime.InteropServices;
using Overlay.Encap;

namespace Overlay.Dataplane.Storm;

/// <summary>
/// What a gateway VNI flooded within the last second, and where each frame came from. A gateway passes floods on from VTEP to VTEP; of three that list one another each would pass the
/// others' copies on for ever. A frame that comes in again by another way than the first time is one of those copies: it is not flooded again (<c>gateway_loop</c>).
/// </summary>
/// <remarks>
/// <para>A frame is known by a keyed hash of all its octets, so a tenant cannot make one that stands for another's. A cell is one word: 24 bits of the hash, the time in 64ths of a second,
/// and who it came from. A frame takes the place of the one that was there before: of more floods a second than there are cells, which is more than storm control passes as a rule, some
/// copies go round once more.</para>
/// <para><b>Threading:</b> any worker, without a lock: of two workers that have a copy each, one is first.</para>
/// </remarks>
internal sealed class LoopGuard
{
    /// <summary>The source of frames that come from a port of ours.</summary>
    internal const uint FromPort = 0;

    private const int CellCount = 4096;
    private const int TicksASecond = 64;
    private const int FieldBits = 20;
    private const uint FieldMask = (1 << FieldBits) - 1;
    private readonly ulong[] _cells = new ulong[CellCount];
    private readonly FlowHashSeed _seed = FlowHashSeed.CreateRandom();
    private readonly long _tick;

    /// <summary>Makes a guard.</summary>
    /// <param name="frequency">Ticks of a second in the times that it is given.</param>
    internal LoopGuard(long frequency) => _tick = Math.Max(1, frequency / TicksASecond);

    /// <summary>The source of frames from a VTEP: never <see cref="FromPort"/>. By the address and nothing else, so that a VTEP that is learned between two frames is the same for both.</summary>
    /// <param name="address">The outer source, or the first address of a VTEP that is known.</param>
    internal static uint SourceOf(in UnderlayAddress address) => ((uint)address.GetHashCode() % FieldMask) + 1;

    /// <summary>Whether a frame from the underlay is to be flooded, and remembers it; false if it came another way within the last second.</summary>
    /// <param name="frame">From the destination MAC on.</param>
    /// <param name="source">By <see cref="SourceOf"/>.</param>
    /// <param name="now">The time; it may be as old as the batch.</param>
    internal bool TryAdmit(ReadOnlySpan<byte> frame, uint source, long now)
    {
        ulong hash = Hash(frame);
        ref ulong cell = ref _cells[(int)(hash % CellCount)];
        ulong word = WordOf(hash, source, now);
        ulong seen = Volatile.Read(ref cell);
        while (true)
        {
            if (IsSame(seen, word) && (seen & FieldMask) != source)
                return false;

            ulong before = Interlocked.CompareExchange(ref cell, word, seen);
            if (before == seen)
                return true;

            seen = before;
        }
    }

    /// <summary>Remembers a frame that a port of ours sent: it does not come from a VTEP.</summary>
    internal void Note(ReadOnlySpan<byte> frame, long now)
    {
        ulong hash = Hash(frame);
        Volatile.Write(ref _cells[(int)(hash % CellCount)], WordOf(hash, FromPort, now));
    }

    // The clock of another worker's batch may be a little ahead or behind.
    private static bool IsSame(ulong seen, ulong word)
    {
        int age = (int)((uint)(word >> FieldBits) - (uint)(seen >> FieldBits)) << (32 - FieldBits) >> (32 - FieldBits);
        return seen >> (2 * FieldBits) == word >> (2 * FieldBits) && seen != 0 && age is >= -TicksASecond and <= TicksASecond;
    }

    private ulong WordOf(ulong hash, uint source, long now) =>
        (hash >> (2 * FieldBits) << (2 * FieldBits)) | (((ulong)(now / _tick) & FieldMask) << FieldBits) | source;

    private ulong Hash(ReadOnlySpan<byte> frame)
    {
        ulong state = _seed.First ^ (ulong)frame.Length;
        for (; frame.Length >= 2 * sizeof(ulong); frame = frame[(2 * sizeof(ulong))..])
            state = Fold(MemoryMarshal.Read<ulong>(frame) ^ state, MemoryMarshal.Read<ulong>(frame[sizeof(ulong)..]) ^ _seed.Second);

        foreach (byte octet in frame)
            state = Fold(state ^ octet, _seed.Second);

        return Fold(state ^ _seed.First, _seed.Second);
    }

    private static ulong Fold(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low;
    }
}
