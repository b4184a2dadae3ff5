namespace Overlay.Control;

/// <summary>An alarm of a plane's own: what only the plane can see. Immutable.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Subject">On what, in words: an address, a key; 128 characters at most, more are cut off. Kind and subject are what the alarm is known by.</param>
/// <param name="Detail">The case at hand, in words; null if the subject says all. 256 characters at most.</param>
public readonly record struct PlaneAlarm(PlaneAlarmKind Kind, string Subject, string? Detail = null);
