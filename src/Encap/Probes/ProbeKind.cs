namespace Overlay.Encap.Probes;

/// <summary>What a probe is.</summary>
public enum ProbeKind : byte
{
    /// <summary>Asks for an answer.</summary>
    Question = 1,

    /// <summary>Repeats the number of a question. It is never answered.</summary>
    Answer = 2,
}
