namespace Overlay.Control.Queries;

/// <summary>An alarm that is on.</summary>
/// <param name="Name">What it is about, in snake case.</param>
/// <param name="Subject">On what: a VNI, a port, a plane.</param>
/// <param name="Sentence">In words.</param>
/// <param name="For">Since when.</param>
/// <param name="Count">How often the limit refused something since then.</param>
public sealed record AlarmRow(string Name, string Subject, string Sentence, TimeSpan For, long Count);
