namespace Overlay.Control.Queries;

/// <summary>What became of hints. All but <see cref="InForce"/> count from the start.</summary>
public sealed record LearnCounters
{
    /// <summary>Local and learned MACs in force that limits count.</summary>
    public required int InForce { get; init; }

    /// <summary>MACs learned that were nowhere before.</summary>
    public required long Learned { get; init; }

    /// <summary>MACs that were elsewhere before.</summary>
    public required long Moved { get; init; }

    /// <summary>MACs not seen for their VNI's age.</summary>
    public required long Aged { get; init; }

    /// <summary>MACs that an operator flushed.</summary>
    public required long Flushed { get; init; }

    /// <summary>Times a MAC was frozen because it moved too often.</summary>
    public required long Frozen { get; init; }

    /// <summary>Moves that were not damped, because too many MACs move to remember them all.</summary>
    public required long Undamped { get; init; }

    /// <summary>Refused: the MAC is frozen elsewhere. Workers drop such frames, so these are the few that were on their way.</summary>
    public required long RefusedFrozen { get; init; }

    /// <summary>Refused: the MAC is static elsewhere.</summary>
    public required long RefusedStatic { get; init; }

    /// <summary>Refused: the MAC is sticky elsewhere.</summary>
    public required long RefusedSticky { get; init; }

    /// <summary>Refused: a multicast or zero source.</summary>
    public required long RefusedInvalid { get; init; }

    /// <summary>Seen from a VTEP, while something stronger has the MAC.</summary>
    public required long Yielded { get; init; }

    /// <summary>Refused: the VNI's limit.</summary>
    public required long RefusedByVni { get; init; }

    /// <summary>Refused: the port's limit.</summary>
    public required long RefusedByPort { get; init; }

    /// <summary>Refused: the VTEP's limit, or the number of VTEPs.</summary>
    public required long RefusedByVtep { get; init; }

    /// <summary>Refused: the limit of the whole daemon.</summary>
    public required long RefusedByTotal { get; init; }
}
