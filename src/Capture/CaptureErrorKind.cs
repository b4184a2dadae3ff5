namespace Overlay.Capture;

/// <summary>Kinds of <see cref="CaptureError"/>.</summary>
public enum CaptureErrorKind : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The stream is neither pcap nor pcapng.</summary>
    NotACapture,

    /// <summary>A version that is not ours to read.</summary>
    UnsupportedVersion,

    /// <summary>The stream ends inside a header, record or block.</summary>
    Truncated,

    /// <summary>A length contradicts its surroundings.</summary>
    BadLength,

    /// <summary>A record or block is longer than the reader's limit.</summary>
    TooLong,

    /// <summary>A packet of an interface that was not described, or too many interfaces.</summary>
    BadInterface,

    /// <summary>The stream itself failed.</summary>
    ReadFailed,
}
