namespace Overlay.Control.Tables;

/// <summary>A group of next hops as a plane defined it; empty when it was taken back.</summary>
internal sealed class GroupState(int number)
{
    public int Number { get; } = number;

    public NextHopRef[] Members { get; set; } = [];

    /// <summary>Counts definitions, so that users notice a new one.</summary>
    public int Version { get; set; } = 1;

    /// <summary>Generation of the plane when it was last given.</summary>
    public uint Generation { get; set; }
}
