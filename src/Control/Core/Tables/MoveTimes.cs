using System.Runtime.CompilerServices;

namespace Overlay.Control.Tables;

/// <summary>Times of moves, the oldest first. Tenths of a second.</summary>
[InlineArray(Length)]
internal struct MoveTimes
{
    public const int Length = 8;

    private uint _first;
}
