using Overlay.Api;
using Overlay.Control.Queries;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Host.Composition;

/// <summary>The control loop's rows in the API's form.</summary>
internal static class FdbView
{
    public static FdbEntryInfo Entry(FdbEntryRow row) => new()
    {
        Vni = (int)row.Vni.Value,
        Mac = row.Mac.ToString(),
        Origin = Origin(row.Origin),
        Flags = Flags(row.Flags, row.IsPermanent),
        Port = row.Port,
        Peer = row.Peer,
        Address = Address(row.Address),
        Encap = Encap(row.Encap),
        UdpPort = row.UdpPort == 0 ? null : row.UdpPort,
        AgeSeconds = Math.Round(row.Age.TotalSeconds, 1),
        Sequence = row.Sequence,
    };

    public static FdbWhyResponse Why(FdbExplanation why) => new()
    {
        Vni = (int)why.Vni.Value,
        Mac = why.Mac.ToString(),
        Verdict = why.Verdict,
        Winner = why.Winner is null ? null : Candidate(why.Winner),
        Candidates = [.. why.Candidates.Select(Candidate)],
        Moves = why.Moves,
        OnMiss = why.IsVniKnown ? why.OnMiss : null,
    };

    public static string Origin(FdbOrigin origin) => origin.ToString().ToLowerInvariant();

    public static string? Address(UnderlayAddress address) => address == default ? null : address.ToString();

    public static string? Encap(EncapKind? encap) => encap switch
    {
        EncapKind.Vxlan => "vxlan",
        EncapKind.Geneve => "geneve",
        _ => null,
    };

    private static FdbCandidate Candidate(FdbCandidateRow row) => new()
    {
        Origin = Origin(row.Origin),
        Plane = row.Plane,
        Port = row.Port,
        Peer = row.Peer,
        Address = Address(row.Address),
        Encap = Encap(row.Encap),
        Sequence = row.Sequence,
        Sticky = row.Sticky,
        Stale = row.Stale,
        AgeSeconds = Math.Round(row.Age.TotalSeconds, 1),
        Wins = row.Wins,
        Why = row.Why,
    };

    private static List<string> Flags(FdbFlags flags, bool isPermanent)
    {
        var names = new List<string>();
        if (isPermanent)
        {
            names.Add("permanent");
        }

        foreach (var (flag, name) in new[] { (FdbFlags.Sticky, "sticky"), (FdbFlags.Frozen, "frozen"), (FdbFlags.Stale, "stale") })
        {
            if ((flags & flag) != 0)
            {
                names.Add(name);
            }
        }

        return names;
    }
}
