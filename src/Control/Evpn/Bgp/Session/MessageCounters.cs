using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>Messages of one direction by type. <b>Threading:</b> any thread.</summary>
internal sealed class MessageCounters
{
    private const int HeaderLength = 19;
    private const int OffsetLength = 16;
    private const int OffsetType = 18;
    private static readonly string[] Names = ["open", "update", "notification", "keepalive", "route-refresh"];
    private readonly long[] _counts = new long[Names.Length];

    /// <summary>Counts a message.</summary>
    /// <param name="type">Its type on the wire; one that does not exist is not counted.</param>
    public void Count(byte type)
    {
        if ((uint)(type - 1) < (uint)_counts.Length)
            Interlocked.Increment(ref _counts[type - 1]);
    }

    /// <summary>Counts messages that stand one after the other.</summary>
    /// <param name="messages">Whole messages, our own.</param>
    public void CountAll(ReadOnlySpan<byte> messages)
    {
        while (messages.Length >= HeaderLength)
        {
            Count(messages[OffsetType]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(messages[OffsetLength..]);
            messages = messages[Math.Clamp(length, HeaderLength, messages.Length)..];
        }
    }

    /// <summary>The counts by name, none left out.</summary>
    public ImmutableDictionary<string, long> ToDictionary()
    {
        ImmutableDictionary<string, long>.Builder result = ImmutableDictionary.CreateBuilder<string, long>(StringComparer.Ordinal);
        for (int i = 0; i < Names.Length; i++)
        {
            result.Add(Names[i], Interlocked.Read(ref _counts[i]));
        }

        return result.ToImmutable();
    }
}
