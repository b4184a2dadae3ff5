using System.Globalization;

namespace Overlay.Capture;

/// <summary>Why reading a capture stopped, as a value: a damaged file is no exception.</summary>
/// <param name="Kind">What is wrong; <see cref="CaptureErrorKind.None"/> for nothing.</param>
/// <param name="Offset">Octets from the start of the stream to the record, block or header that is wrong.</param>
/// <param name="Detail">A sentence for people.</param>
public readonly record struct CaptureError(CaptureErrorKind Kind, long Offset, string Detail)
{
    /// <summary>No error.</summary>
    public static CaptureError None => new(CaptureErrorKind.None, 0, string.Empty);

    /// <summary>Something is wrong.</summary>
    public bool IsError => Kind != CaptureErrorKind.None;

    /// <summary>Offset and sentence.</summary>
    public override string ToString() => IsError ? string.Create(CultureInfo.InvariantCulture, $"offset {Offset}: {Detail}") : string.Empty;
}
