using Overlay.Encap;

namespace Overlay.Control.Evpn.Rib;

/// <summary>What decides between routes of several route distinguishers that are imported under one key.</summary>
/// <param name="IsStale">Its session is lost.</param>
/// <param name="IsSticky">The sticky flag.</param>
/// <param name="Sequence">Mobility sequence.</param>
/// <param name="Vtep">Its next hop.</param>
internal readonly record struct Standing(bool IsStale, bool IsSticky, uint Sequence, UnderlayAddress Vtep)
{
    /// <summary>Negative when this one wins, positive when the other does, 0 when nothing tells them apart.</summary>
    /// <remarks>
    /// As the control loop decides between candidates (<see cref="Precedence"/>), so that the two never disagree. At the highest sequence there is nothing higher: both
    /// ends then announce it, and the lowest VTEP address decides; that is how a wrap-around (RFC 7432 §15) is met, for a comparison modulo 2³² has no order among three.
    /// </remarks>
    public int CompareTo(in Standing other, out ImportRule rule)
    {
        if (IsStale != other.IsStale)
        {
            rule = ImportRule.LiveBeforeStale;
            return IsStale ? 1 : -1;
        }

        if (IsSticky != other.IsSticky)
        {
            rule = ImportRule.Sticky;
            return IsSticky ? -1 : 1;
        }

        if (Sequence != other.Sequence)
        {
            rule = ImportRule.Sequence;
            return other.Sequence.CompareTo(Sequence);
        }

        int byVtep = Vtep.CompareTo(other.Vtep);
        rule = byVtep != 0 ? ImportRule.LowestVtep : ImportRule.Same;
        return byVtep;
    }
}

/// <summary>The rule that decided between imported routes.</summary>
internal enum ImportRule : byte
{
    LiveBeforeStale,
    Sticky,
    Sequence,
    LowestVtep,
    Same,
}

/// <summary>The rule of RFC 4271 §9.1.2.2 (and RFC 4456 §9) that decided between two paths of one NLRI.</summary>
internal enum PathRule : byte
{
    Usable,
    LiveBeforeStale,
    LocalPreference,
    AsPathLength,
    Origin,
    Med,
    ExternalBeforeInternal,
    RouterId,
    ClusterListLength,
    PeerAddress,
    Same,
}

/// <summary>Rules in words, as <c>overlayctl evpn explain</c> shows them.</summary>
internal static class RuleSentences
{
    public static string Of(PathRule rule) => rule switch
    {
        PathRule.Usable => "the other cannot be used here",
        PathRule.LiveBeforeStale => "its session is live and the other's is lost",
        PathRule.LocalPreference => "it has the higher LOCAL_PREF (RFC 4271 §9.1.2)",
        PathRule.AsPathLength => "its AS path is shorter (RFC 4271 §9.1.2.2 a)",
        PathRule.Origin => "its ORIGIN is lower (RFC 4271 §9.1.2.2 b)",
        PathRule.Med => "it has the lower MED of the same neighbouring AS (RFC 4271 §9.1.2.2 c)",
        PathRule.ExternalBeforeInternal => "eBGP is preferred to iBGP (RFC 4271 §9.1.2.2 d)",
        PathRule.RouterId => "its router id (or ORIGINATOR_ID) is lower (RFC 4271 §9.1.2.2 f, RFC 4456 §9)",
        PathRule.ClusterListLength => "its CLUSTER_LIST is shorter (RFC 4456 §9)",
        PathRule.PeerAddress => "its peer's address is lower (RFC 4271 §9.1.2.2 g)",
        _ => "nothing tells them apart, so the one that was there first stays",
    };

    public static string Of(ImportRule rule) => rule switch
    {
        ImportRule.LiveBeforeStale => "a route of a live session is preferred to a stale one",
        ImportRule.Sticky => "it is sticky and does not move (RFC 7432 §15.2)",
        ImportRule.Sequence => "it has the higher mobility sequence (RFC 7432 §15)",
        ImportRule.LowestVtep => "at equal sequence the lowest VTEP address decides (RFC 7432 §15)",
        _ => "both lead to the same VTEP, so the one that was there first stays",
    };
}
