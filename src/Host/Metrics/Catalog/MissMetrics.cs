using System.Collections.Immutable;
using static Overlay.Host.Metrics.Catalog.Define;

namespace Overlay.Host.Metrics.Catalog;

/// <summary>Destinations that control planes are asked for.</summary>
internal static class MissMetrics
{
    public static ImmutableArray<MetricDefinition> All { get; } =
    [
        Counter("overlay_misses_total", "{mac}",
            "Unknown destinations of frames from ports, in VNIs that ask a control plane for them, by what came of it: answered, nobody has it, unanswered in time, or refused (not asked: too many were, or no plane is in touch).",
            ["result"], 4, static (reading, to) =>
            {
                if (reading.Control?.Misses is { } counted)
                {
                    to.Add(counted.Answered, "answered");
                    to.Add(counted.Nobody, "nobody");
                    to.Add(counted.Unanswered, "unanswered");
                    to.Add(counted.Refused, "refused");
                }
            }),
        Gauge("overlay_misses_under_way", "{mac}", "Unknown destinations that were asked for and are not answered yet.", static reading => reading.Control?.Misses.UnderWay ?? 0),
        Gauge("overlay_miss_negative_answers", "{mac}", "Destinations that nobody has, by an answer that is remembered.", static reading => reading.Control?.Misses.Negative ?? 0),
        Gauge("overlay_miss_held_frames", Frames, "Frames that wait for who has their destination. They are in no other count until they are dealt with.", static reading => reading.HeldFrames),
    ];
}
