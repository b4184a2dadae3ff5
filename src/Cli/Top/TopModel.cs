using System.Text.Json.Serialization;
using Overlay.Api;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Top;

/// <summary>What <c>top</c> shows of two looks at the daemon, and what <c>top --once -o json</c> prints.</summary>
internal sealed record TopModel
{
    /// <summary>The node.</summary>
    public required string Node { get; init; }

    /// <summary>Its verdict.</summary>
    public required string Verdict { get; init; }

    /// <summary>Seconds since it began to forward.</summary>
    public required double UptimeSeconds { get; init; }

    /// <summary>Processor time over time, 1 is one processor.</summary>
    public required double CpuRatio { get; init; }

    /// <summary>Resident set.</summary>
    public required long RssBytes { get; init; }

    /// <summary>Frames a second dropped, both directions.</summary>
    public required double DropsFps { get; init; }

    /// <summary>Peers.</summary>
    public required IReadOnlyList<TopRow> Peers { get; init; }

    /// <summary>Ports.</summary>
    public required IReadOnlyList<TopRow> Ports { get; init; }

    /// <summary>VNIs.</summary>
    public required IReadOnlyList<TopRow> Vnis { get; init; }

    /// <summary>Reasons with drops in the last minute, the busiest first.</summary>
    public required IReadOnlyList<TopDrop> Drops { get; init; }

    /// <summary>The model of two looks.</summary>
    /// <param name="before">The earlier one.</param>
    /// <param name="now">The later one.</param>
    public static TopModel Of(TopSample before, TopSample now)
    {
        double seconds = Math.Max(0.001, (now.At - before.At).TotalSeconds);

        // A daemon that was restarted in between counts from zero: nothing is known of this interval.
        bool isSame = before.Status.Pid == now.Status.Pid && now.Status.UptimeSeconds >= before.Status.UptimeSeconds;
        double Rate(long? then, long? here) => isSame && then is { } a && here is { } b && b > a ? (b - a) / seconds : 0;
        Dictionary<string, PeerStatus> peers = before.Status.Peers.ToDictionary(p => p.Peer, StringComparer.Ordinal);
        Dictionary<string, PortStatus> ports = before.Status.Ports.ToDictionary(p => p.Port, StringComparer.Ordinal);
        Dictionary<int, VniStatus> vnis = before.Status.Vnis.ToDictionary(v => v.Vni);
        Dictionary<(string, string), DropRow> drops = before.Drops.Drops.ToDictionary(d => (d.Reason, d.Dir));
        return new TopModel
        {
            Node = now.Status.Node,
            Verdict = now.Status.Verdict,
            UptimeSeconds = now.Status.UptimeSeconds,
            CpuRatio = isSame && now.Status.Runtime is { } r && before.Status.Runtime is { } o ? Math.Max(0, (r.CpuSeconds - o.CpuSeconds) / seconds) : 0,
            RssBytes = now.Status.Runtime?.RssBytes ?? 0,
            DropsFps = Rate(before.Drops.Totals.Tx.Dropped + before.Drops.Totals.Rx.Dropped, now.Drops.Totals.Tx.Dropped + now.Drops.Totals.Rx.Dropped),
            Peers =
            [
                .. now.Status.Peers.Select(p => peers.GetValueOrDefault(p.Peer) is { } was
                    ? new TopRow(p.Peer, p.State, Rate(was.TxFrames, p.TxFrames), Rate(was.RxFrames, p.RxFrames), 8 * Rate(was.TxBytes, p.TxBytes), 8 * Rate(was.RxBytes, p.RxBytes))
                    : new TopRow(p.Peer, p.State, 0, 0, 0, 0)),
            ],
            Ports =
            [
                .. now.Status.Ports.Select(p => ports.GetValueOrDefault(p.Port) is { } was
                    ? new TopRow(p.Port, p.Up ? "up" : "down", Rate(was.TxFrames, p.TxFrames), Rate(was.RxFrames, p.RxFrames), 8 * Rate(was.TxBytes, p.TxBytes), 8 * Rate(was.RxBytes, p.RxBytes))
                    : new TopRow(p.Port, p.Up ? "up" : "down", 0, 0, 0, 0)),
            ],
            Vnis =
            [
                .. now.Status.Vnis.Select(v => vnis.GetValueOrDefault(v.Vni) is { } was
                    ? new TopRow(Text.Number(v.Vni), Text.Count(v.FdbEntries, "MAC"), Rate(was.TxFrames, v.TxFrames), Rate(was.RxFrames, v.RxFrames), 8 * Rate(was.TxBytes, v.TxBytes), 8 * Rate(was.RxBytes, v.RxBytes))
                    : new TopRow(Text.Number(v.Vni), Text.Count(v.FdbEntries, "MAC"), 0, 0, 0, 0)),
            ],
            Drops =
            [
                .. now.Drops.Drops.Where(d => d.LastMinute > 0)
                    .Select(d => new TopDrop(d.Reason, d.Dir, Rate(drops.GetValueOrDefault((d.Reason, d.Dir))?.Total ?? 0, d.Total), d.LastMinute, d.Total))
                    .OrderByDescending(d => d.Fps).ThenByDescending(d => d.LastMinute).ThenBy(d => d.Reason, StringComparer.Ordinal),
            ],
        };
    }

    /// <summary>Rows in the order of a key; ties by name, so that idle rows stay where they are.</summary>
    public static IEnumerable<TopRow> Sort(IReadOnlyList<TopRow> rows, TopSort sort) => sort switch
    {
        TopSort.Tx => rows.OrderByDescending(r => r.TxBps),
        TopSort.Rx => rows.OrderByDescending(r => r.RxBps),
        TopSort.Both => rows.OrderByDescending(r => r.TxBps + r.RxBps),
        _ => rows,
    };
}

/// <summary>Orders of the tables.</summary>
internal enum TopSort
{
    /// <summary>Both directions together.</summary>
    Both,

    /// <summary>Into the overlay.</summary>
    Tx,

    /// <summary>Out of the overlay.</summary>
    Rx,

    /// <summary>As the daemon lists them.</summary>
    Name,
}

/// <summary>A look at the daemon.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Drops">Its drops.</param>
/// <param name="At">When, since some moment.</param>
internal sealed record TopSample(StatusResponse Status, DropsResponse Drops, TimeSpan At);

/// <summary>Its serializer.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TopModel))]
internal sealed partial class TopJsonContext : JsonSerializerContext;
