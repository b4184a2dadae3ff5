namespace Overlay.Capture;

/// <summary>One packet of a capture.</summary>
/// <param name="Number">1 for the first packet of the stream, as dissectors count.</param>
/// <param name="Data">The captured octets. Borrowed from the reader: only valid until its next <see cref="CaptureReader.TryRead"/>; copy what must live longer.</param>
/// <param name="OriginalLength">Octets the packet had on the wire; more than the data when it was cut by the snap length.</param>
/// <param name="Timestamp">Nanoseconds since 1970-01-01T00:00:00Z; 0 when the record has no time (a simple packet block).</param>
/// <param name="LinkType">See <see cref="Capture.LinkType"/>.</param>
/// <param name="InterfaceId">Interface of the section; 0 in pcap.</param>
/// <param name="Comment">Comment of a pcapng packet, or null.</param>
public readonly record struct CaptureRecord(
    long Number,
    ReadOnlyMemory<byte> Data,
    int OriginalLength,
    long Timestamp,
    int LinkType,
    int InterfaceId,
    string? Comment)
{
    /// <summary>The snap length cut the packet.</summary>
    public bool IsCut => OriginalLength > Data.Length;
}
