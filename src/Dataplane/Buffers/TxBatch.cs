using Overlay.Dataplane.Forwarding;

namespace Overlay.Dataplane.Buffers;

/// <summary>Tunnel datagrams collected while one batch is decided, sent together. Owned by one worker.</summary>
public sealed class TxBatch
{
    /// <summary>Octets reserved for one header that lies apart: the longest Geneve header (RFC 8926 §3.4: 8 + 252), in whole cache lines.</summary>
    public const int HeaderStride = 320;

    /// <summary>Makes a batch.</summary>
    /// <param name="size">Datagrams it can take; a full batch is sent and begun again.</param>
    public TxBatch(int size)
    {
        Items = new TxDatagram[size];
        Headers = GC.AllocateUninitializedArray<byte>(size * HeaderStride, pinned: true);
    }

    /// <summary>The datagrams; the first <see cref="Count"/> are valid.</summary>
    public TxDatagram[] Items { get; }

    /// <summary>Headers that lie apart; datagram <c>i</c> may use <see cref="HeaderStride"/> octets from <c>i × HeaderStride</c>. Pinned.</summary>
    public byte[] Headers { get; }

    /// <summary>Datagrams in it.</summary>
    public int Count { get; set; }

    /// <summary>True when it must be sent before another is added.</summary>
    public bool IsFull => Count == Items.Length;

    /// <summary>The slab that payloads (and headers that do not lie apart) are in. Pinned.</summary>
    public byte[] Payloads { get; set; } = [];

    /// <summary>The next hops that <see cref="TxDatagram.NextHop"/> indexes: the ones of the tables that the batch was decided with.</summary>
    public NextHop?[] NextHops { get; set; } = [];
}
