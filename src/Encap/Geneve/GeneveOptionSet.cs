namespace Overlay.Encap.Geneve;

/// <summary>An option area as a sequence: <c>foreach (GeneveOptionView option in set)</c>. Borrows the span.</summary>
public readonly ref struct GeneveOptionSet
{
    private readonly ReadOnlySpan<byte> _area;

    /// <summary>Wraps an area; nothing is checked here, see <see cref="IsWellFormed"/>.</summary>
    /// <param name="area">The octets between the fixed header and the payload.</param>
    public GeneveOptionSet(ReadOnlySpan<byte> area)
    {
        _area = area;
    }

    /// <summary>The options fill the area exactly (RFC 8926 3.5).</summary>
    public bool IsWellFormed
    {
        get
        {
            GeneveOptionEnumerator walk = GetEnumerator();
            while (walk.MoveNext())
            {
            }

            return !walk.IsMalformed;
        }
    }

    /// <summary>Starts a walk.</summary>
    public GeneveOptionEnumerator GetEnumerator() => new(_area);

    /// <summary>Finds the first option of a name, critical or not.</summary>
    /// <param name="id">Class and type.</param>
    /// <param name="option">The option, or the default.</param>
    /// <returns>False when there is none in front of the first malformed one.</returns>
    public bool TryFind(GeneveOptionId id, out GeneveOptionView option)
    {
        foreach (GeneveOptionView candidate in this)
        {
            if (candidate.Id == id)
            {
                option = candidate;
                return true;
            }
        }

        option = default;
        return false;
    }

    /// <summary>Finds the first option of a class and type, critical or not.</summary>
    /// <param name="optionClass">Option class.</param>
    /// <param name="type">Option type; its critical bit is discarded.</param>
    /// <param name="option">The option, or the default.</param>
    public bool TryFind(ushort optionClass, byte type, out GeneveOptionView option) => TryFind(new GeneveOptionId(optionClass, type), out option);
}
