namespace Overlay.Dataplane.Buffers;

/// <summary>
/// Frames received together from a port. Slot <c>i</c> of the pool holds frame <c>i</c>. <b>Borrow:</b> frames are valid until the next
/// receive into the same batch. Owned by one worker.
/// </summary>
public sealed class PacketBatch
{
    /// <summary>Makes a batch with a pool of its own.</summary>
    /// <param name="size">Frames it can take, 1–4096.</param>
    /// <param name="frameSize">Octets a frame may take.</param>
    public PacketBatch(int size, int frameSize = PacketPool.MaxFrameLength)
    {
        Pool = new PacketPool(size, frameSize);
        Items = new PacketBuffer[size];
    }

    /// <summary>The memory behind the frames.</summary>
    public PacketPool Pool { get; }

    /// <summary>Descriptors of the frames; the first <see cref="Count"/> are valid.</summary>
    public PacketBuffer[] Items { get; }

    /// <summary>Frames it can take.</summary>
    public int Size => Items.Length;

    /// <summary>Frames in it.</summary>
    public int Count { get; set; }

    /// <summary>The octets of frame <paramref name="index"/>.</summary>
    public Span<byte> Frame(int index) => Pool.Slab.AsSpan(Items[index].Offset, Items[index].Length);
}
