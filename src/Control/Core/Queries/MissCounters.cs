namespace Overlay.Control.Queries;

/// <summary>What became of destinations that ports sent to and nobody knew, in VNIs that ask for them. Each that was asked for ends in one of the others, once.</summary>
/// <param name="Asked">Asked for: one or more planes were told.</param>
/// <param name="Answered">Somebody has it: a plane answered, or it became known in another way.</param>
/// <param name="Nobody">All planes that were asked say that nobody has it, or what they say cannot be used.</param>
/// <param name="Unanswered">Nobody answered in time, or the VNI was changed or removed meanwhile.</param>
/// <param name="Refused">Not asked for: too many were, or no plane that answers is in touch with its source. Not among those that were asked for.</param>
/// <param name="UnderWay">Asked for and not answered, now.</param>
/// <param name="Negative">Negative answers that are held, now.</param>
public readonly record struct MissCounters(long Asked, long Answered, long Nobody, long Unanswered, long Refused, int UnderWay, int Negative);
