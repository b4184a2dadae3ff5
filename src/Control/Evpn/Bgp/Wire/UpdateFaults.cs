namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>A set of <see cref="UpdateFault"/>. A value; enumerating it allocates nothing.</summary>
/// <param name="Bits">Bit n is the fault of number n.</param>
public readonly record struct UpdateFaults(ulong Bits)
{
    /// <summary>None.</summary>
    public bool IsEmpty => Bits == 0;

    /// <summary>The fault is in the set.</summary>
    public bool Contains(UpdateFault fault) => (Bits >> (int)fault & 1) != 0;

    /// <summary>The set and one fault more.</summary>
    public UpdateFaults With(UpdateFault fault) => new(Bits | 1UL << (int)fault);

    /// <summary>Both sets.</summary>
    public UpdateFaults With(UpdateFaults other) => new(Bits | other.Bits);

    /// <summary>For <c>foreach</c>.</summary>
    public Enumerator GetEnumerator() => new(Bits);

    /// <inheritdoc/>
    public override string ToString()
    {
        List<string> names = [];
        foreach (UpdateFault fault in this)
        {
            names.Add(UpdateFaultNames.NameOf(fault));
        }

        return string.Join(',', names);
    }

    /// <summary>Goes through a set.</summary>
    /// <param name="bits">The set.</param>
    public struct Enumerator(ulong bits)
    {
        private ulong _rest = bits;

        /// <summary>The fault.</summary>
        public UpdateFault Current { get; private set; }

        /// <summary>Goes to the next one.</summary>
        public bool MoveNext()
        {
            if (_rest == 0)
            {
                return false;
            }

            Current = (UpdateFault)System.Numerics.BitOperations.TrailingZeroCount(_rest);
            _rest &= _rest - 1;
            return true;
        }
    }
}
