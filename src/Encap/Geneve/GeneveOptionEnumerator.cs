namespace Overlay.Encap.Geneve;

/// <summary>
/// Walks an option area. Every step consumes at least four octets, so an area of 63 empty options ends after 63 steps. Lengths are
/// checked against the <em>area</em>, not the packet (RFC 8926 3.5).
/// </summary>
public ref struct GeneveOptionEnumerator
{
    private ReadOnlySpan<byte> _rest;
    private ReadOnlySpan<byte> _current;

    internal GeneveOptionEnumerator(ReadOnlySpan<byte> area)
    {
        _rest = area;
        _current = default;
    }

    /// <summary>The option of the last <see cref="MoveNext"/> that returned true.</summary>
    public readonly GeneveOptionView Current => new(_current);

    /// <summary>The walk ended at an option that does not fit the area. Stays false after a well-formed walk.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Octets of the area that were not walked; 0 after a well-formed walk.</summary>
    public readonly int RemainingLength => _rest.Length;

    /// <summary>Goes to the next option.</summary>
    /// <returns>False at the end of the area or at an option that does not fit.</returns>
    public bool MoveNext()
    {
        if (_rest.Length < GeneveOption.HeaderLength)
        {
            IsMalformed |= _rest.Length != 0;
            return false;
        }

        int length = GeneveOption.HeaderLength + ((_rest[3] & 0x1F) << 2);
        if (length > _rest.Length)
        {
            IsMalformed = true;
            return false;
        }

        _current = _rest[..length];
        _rest = _rest[length..];
        return true;
    }
}
