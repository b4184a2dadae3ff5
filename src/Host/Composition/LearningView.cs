using Overlay.Api;
using Overlay.Control.Queries;
using Overlay.Forwarding.Topology;

namespace Overlay.Host.Composition;

/// <summary>Learning, limits and moves in the API's form.</summary>
internal static class LearningView
{
    public static FdbMovesResponse Moves(FdbMoves moves) => new()
    {
        Moves = [.. moves.Rows.Select(Move)],
        Truncated = moves.IsTruncated,
    };

    public static VnisResponse Vnis(IEnumerable<VniRow> rows, LearnCounters counters, int limit) => new()
    {
        Vnis = [.. rows.Where(row => row.IsConfigured).Select(row => Vni(row, row.Spec!))],
        Learning = new LearningInfo
        {
            InForce = counters.InForce,
            Limit = limit,
            Learned = counters.Learned,
            Moved = counters.Moved,
            Aged = counters.Aged,
            Flushed = counters.Flushed,
            Frozen = counters.Frozen,
            Undamped = counters.Undamped,
            RefusedByLimit = new Dictionary<string, long>(StringComparer.Ordinal)
            {
                ["vni"] = counters.RefusedByVni,
                ["port"] = counters.RefusedByPort,
                ["vtep"] = counters.RefusedByVtep,
                ["total"] = counters.RefusedByTotal,
            },
            RefusedByRule = new Dictionary<string, long>(StringComparer.Ordinal)
            {
                ["static"] = counters.RefusedStatic,
                ["sticky"] = counters.RefusedSticky,
                ["frozen"] = counters.RefusedFrozen,
                ["invalid"] = counters.RefusedInvalid,
                ["yielded"] = counters.Yielded,
            },
        },
    };

    private static FdbMoveInfo Move(FdbMoveRow row) => new()
    {
        Vni = (int)row.Vni.Value,
        Mac = row.Mac.ToString(),
        From = row.From,
        To = row.To,
        Place = row.Place,
        InWindow = row.InWindow,
        Moves = row.Moves,
        SecondsAgo = Math.Round(row.Ago.TotalSeconds, 1),
        FrozenSeconds = row.FrozenFor is { } time ? Math.Round(time.TotalSeconds, 1) : null,
        Freezes = row.Freezes,
        ContestedBy = row.ContestedBy,
    };

    private static VniInfo Vni(VniRow row, VniSpec spec) => new()
    {
        Vni = (int)row.Vni.Value,
        Ports = row.Ports,
        FdbEntries = row.MacCount,
        Local = row.Local,
        Learned = row.Learned,
        Counted = row.Counted,
        Limit = spec.LearnLimit,
        VtepLimit = spec.VtepLearnLimit,
        Refused = row.Refused,
        AgeSeconds = spec.Age.TotalSeconds,
        RemoteLearning = row.RemoteLearning,
        RemoteLearningMode = spec.RemoteLearning switch { null => "auto", true => "true", false => "false" },
        Moves = row.Moves,
        Frozen = row.Frozen,
        FloodMode = spec.Group is null ? "head-end" : "multicast",
        FloodPeers = row.FloodPeers,
        Group = spec.Group?.Address.ToString(),
        GroupDevice = spec.Group?.Device,
        GroupEncap = spec.Group is { } group ? FdbView.Encap(group.Encap) : null,
        ArpSuppress = spec.ArpSuppress,
        NdSuppress = spec.NdSuppress,
        StormBroadcast = spec.Storm.Broadcast,
        StormUnknownUnicast = spec.Storm.UnknownUnicast,
        StormMulticast = spec.Storm.Multicast,
        UnknownUnicast = spec.UnknownUnicast == UnknownUnicast.Drop ? "drop" : "flood",
        AllowedSources = row.AllowedSources,
        Allow = [.. spec.Allow.Select(prefix => prefix.ToString())],
        Transparent = spec.Transparent,
        Gateway = spec.Gateway,
    };
}
