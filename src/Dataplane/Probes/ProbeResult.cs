using Overlay.Dataplane.Diagnostics;
using Overlay.Encap;

namespace Overlay.Dataplane.Probes;

/// <summary>What came of the probes to one target.</summary>
/// <param name="Target">The target.</param>
/// <param name="Sent">Questions that left.</param>
/// <param name="Answered">Answers that came back in time.</param>
/// <param name="RoundTrip">The shortest round trip, from the control side through both dataplanes and back; null without an answer.</param>
/// <param name="From">The outer source of the last answer.</param>
/// <param name="Refused">Why the last question did not leave; <see cref="DropReason.None"/> if it did.</param>
public sealed record ProbeResult(ProbeTarget Target, int Sent, int Answered, TimeSpan? RoundTrip, UnderlayAddress From, DropReason Refused);
