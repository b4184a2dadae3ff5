using System.Diagnostics;
using System.Runtime.InteropServices;
using Overlay.Dataplane.Interop;

namespace Overlay.Dataplane.Steering;

/// <summary>
/// What keeps a priority lane from re-ordering a flow, shared with the program that chooses between lane and bulk (<see cref="LaneProgram"/>): for each share of the flows how
/// many of its frames went into the lane, how many came out of it, and when it last used the bulk queue.
/// </summary>
/// <remarks>
/// <para>Two rules make it safe. A frame goes to the bulk queue only if none of its share is in the lane: the program counts them in, the lane's reader counts them out once
/// they are processed, so that "none" is exact, whatever happens between the choice of a queue and the arrival in it. And a short frame goes to the lane only if its share
/// has been silent in the bulk queue for <see cref="LaneProgram.Silence"/>: longer than anything waits there.</para>
/// <para>A frame that is lost between the choice and the reader (a full queue) is counted in and never out, and its share would stay in the lane. So the reader also says when it found
/// the lane empty: a share whose last frame was counted in well before that has lost what is not out yet. (Not one whose first was: the write-off takes all that was counted in.)</para>
/// <b>Threading:</b> one reader of the lane; disposed when it has given the lane back.
/// </remarks>
internal sealed class LaneTable : IDisposable
{
    /// <summary>Octets of an entry: frames in and out (32 bits each), the last time in bulk, the last time into the lane (64 bits each; nanoseconds).</summary>
    internal const int EntrySize = 24;

    internal const int InOffset = 0;
    internal const int OutOffset = 4;
    internal const int BulkOffset = 8;
    internal const int SinceOffset = 16;

    private const int EntryWords = EntrySize / sizeof(uint);

    private readonly SharedMap _map;
    private readonly int _mask;

    private LaneTable(SharedMap map, int shares)
    {
        _map = map;
        _mask = shares - 1;
    }

    /// <summary>The map's descriptor.</summary>
    internal int Descriptor => _map.Descriptor;

    /// <summary>Shares of the flows; the entry after them holds when the lane was found empty.</summary>
    internal int Shares => _mask + 1;

    /// <summary>Frames that went into the lane and have not come out of it, and shares that have such. For tests.</summary>
    internal (uint Frames, int Shares) Inside
    {
        get
        {
            uint frames = 0;
            int shares = 0;
            for (int i = 0; i <= _mask; i++)
            {
                uint inside = _map.Words[i * EntryWords] - _map.Words[(i * EntryWords) + 1];
                frames += inside;
                shares += inside == 0 ? 0 : 1;
            }

            return (frames, shares);
        }
    }

    /// <summary>Makes a table. 0, or a negative errno.</summary>
    /// <param name="shares">Shares of the flows, a power of two.</param>
    /// <param name="table">The table; null if it was refused.</param>
    internal static int TryCreate(int shares, out LaneTable? table)
    {
        int result = SharedMap.TryCreate(EntrySize, shares + 1, out SharedMap? map);
        table = map is null ? null : new LaneTable(map, shares);
        return result;
    }

    /// <summary>
    /// Nobody knows what waits in the bulk queue: every share used it just now. Before the program is given to a queue or socket in use, which frames came to without it.
    /// </summary>
    internal void NoteUnknown()
    {
        long now = Stopwatch.GetTimestamp();
        Span<long> words = MemoryMarshal.Cast<uint, long>(_map.Words);
        for (int share = 0; share < Shares; share++)
            Volatile.Write(ref words[((share * EntrySize) + BulkOffset) / sizeof(long)], now);
    }

    /// <summary>A frame that came out of the lane has been processed.</summary>
    /// <param name="hash">The hash its flow has for the program.</param>
    internal void CountOut(uint hash)
    {
        int word = ((int)LaneProgram.ShareOf(hash) & _mask) * EntryWords;
        ref uint left = ref _map.Words[word + 1];
        Volatile.Write(ref left, left + 1);
    }

    /// <summary>Every frame that was in the lane at a moment has been processed.</summary>
    /// <param name="timestamp">The moment, nanoseconds of the monotonic clock; no later than the last look at the lane, which found nothing.</param>
    internal void NoteEmpty(long timestamp) => Volatile.Write(ref MemoryMarshal.Cast<uint, long>(_map.Words)[Shares * EntryWords / 2], timestamp);

    /// <inheritdoc/>
    public void Dispose() => _map.Dispose();
}
