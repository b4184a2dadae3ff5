namespace Overlay.Dataplane.Buffers;

/// <summary>
/// Tunnel datagrams received together from the underlay: <see cref="Packets"/> holds the UDP payloads (tunnel header first),
/// <see cref="Info"/> what came with each. <b>Borrow:</b> valid until the next receive into the same batch. Owned by one worker.
/// </summary>
public sealed class DatagramBatch
{
    /// <summary>Makes a batch.</summary>
    /// <param name="size">Datagrams it can take, 1–4096.</param>
    public DatagramBatch(int size)
    {
        Packets = new PacketBatch(size);
        Info = new DatagramInfo[size];
    }

    /// <summary>UDP payloads.</summary>
    public PacketBatch Packets { get; }

    /// <summary>Outer facts, index by index.</summary>
    public DatagramInfo[] Info { get; }

    /// <summary>Datagrams in it.</summary>
    public int Count
    {
        get => Packets.Count;
        set => Packets.Count = value;
    }
}
