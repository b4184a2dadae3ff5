using Overlay.Dataplane.Forwarding;

namespace Overlay.Dataplane.Buffers;

/// <summary>Tunnel datagrams collected while one batch is decided, sent together. Owned by one worker.</summary>
public sealed class TxBatch
{
    /// <summary>Octets that one header may take: the longest Geneve header (RFC 8926 §3.4: 8 + 252), in whole cache lines.</summary>
    public const int HeaderStride = 320;

    // What the headers of some full batches of super-frames take; behind it the batch is sent and begun again.
    private const int LeastHeaderSize = 256 << 10;

    /// <summary>Makes a batch.</summary>
    /// <param name="size">Items it can take; a full batch is sent and begun again.</param>
    public TxBatch(int size)
    {
        Items = new TxDatagram[size];
        Headers = GC.AllocateUninitializedArray<byte>(Math.Max(LeastHeaderSize, size * HeaderStride), pinned: true);
    }

    /// <summary>The datagrams; the first <see cref="Count"/> are valid.</summary>
    public TxDatagram[] Items { get; }

    /// <summary>Headers that lie apart, handed out by <see cref="TakeHeaders"/>. Pinned.</summary>
    public byte[] Headers { get; }

    /// <summary>Items in it.</summary>
    public int Count { get; set; }

    /// <summary>Octets of <see cref="Headers"/> that are in use.</summary>
    public int HeadersLength { get; private set; }

    /// <summary>True when it must be sent before another is added.</summary>
    public bool IsFull => Count == Items.Length;

    /// <summary>The slab that payloads (and headers that do not lie apart) are in. Pinned.</summary>
    public byte[] Payloads { get; set; } = [];

    /// <summary>The next hops that <see cref="TxDatagram.NextHop"/> indexes: the ones of the tables that the batch was decided with.</summary>
    public NextHop?[] NextHops { get; set; } = [];

    /// <summary>True if there is room for one more item whose headers take so many octets apart.</summary>
    public bool HasRoom(int headerOctets) => Count != Items.Length && headerOctets <= Headers.Length - HeadersLength;

    /// <summary>Takes room for headers; <see cref="HasRoom"/> said that there is some.</summary>
    /// <returns>Where it begins in <see cref="Headers"/>.</returns>
    public int TakeHeaders(int octets)
    {
        int offset = HeadersLength;
        HeadersLength = offset + octets;
        return offset;
    }

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        Count = 0;
        HeadersLength = 0;
    }
}
