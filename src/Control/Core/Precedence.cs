using System.Collections.Immutable;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control;

/// <summary>
/// Which of several candidates for one MAC is in force. One function, <see cref="Decide"/>; one sentence a rule, <see cref="Sentence"/>.
/// Immutable; any thread.
/// </summary>
public sealed class Precedence
{
    private readonly byte[] _rank = new byte[16];

    /// <summary>Makes the order.</summary>
    /// <param name="order">The origins, the strongest first; an origin that is not named comes after those that are, in the default order.</param>
    public Precedence(IEnumerable<FdbOrigin> order)
    {
        ArgumentNullException.ThrowIfNull(order);
        var whole = new List<FdbOrigin>();
        foreach (FdbOrigin origin in order.Concat(DefaultOrder))
        {
            if (origin != FdbOrigin.None && !whole.Contains(origin))
            {
                whole.Add(origin);
            }
        }

        Array.Fill(_rank, byte.MaxValue);
        for (int i = 0; i < whole.Count; i++)
        {
            _rank[(int)whole[i]] = (byte)i;
        }

        Order = [.. whole];
    }

    /// <summary>The order of the product: <c>static, evpn, ovsdb, etcd, local, learned</c>.</summary>
    public static ImmutableArray<FdbOrigin> DefaultOrder { get; } =
        [FdbOrigin.Static, FdbOrigin.Evpn, FdbOrigin.Ovsdb, FdbOrigin.Etcd, FdbOrigin.Local, FdbOrigin.Learned];

    /// <summary>The default order as an object.</summary>
    public static Precedence Default { get; } = new(DefaultOrder);

    /// <summary>The order in force, the strongest first.</summary>
    public ImmutableArray<FdbOrigin> Order { get; }

    /// <summary>The rank of an origin: 0 is the strongest.</summary>
    public int Rank(FdbOrigin origin) => _rank[(int)origin];

    /// <summary>Decides between two candidates that can both be used.</summary>
    /// <param name="a">One.</param>
    /// <param name="b">The other.</param>
    /// <param name="rule">The rule that decided.</param>
    /// <returns>Negative when <paramref name="a"/> wins, positive when <paramref name="b"/> does, 0 when nothing tells them apart.</returns>
    public int Decide(in RouteStanding a, in RouteStanding b, out PrecedenceRule rule)
    {
        if ((a.Origin == FdbOrigin.Learned) != (b.Origin == FdbOrigin.Learned))
        {
            rule = PrecedenceRule.LearnedYields;
            return a.Origin == FdbOrigin.Learned ? 1 : -1;
        }

        if (a.Origin == FdbOrigin.Local && b.Origin != FdbOrigin.Local)
        {
            return -PlaneAgainstPort(b, a, out rule);
        }

        if (b.Origin == FdbOrigin.Local && a.Origin != FdbOrigin.Local)
        {
            return PlaneAgainstPort(a, b, out rule);
        }

        // The configuration file is not a session: it cannot be out of touch, so age never speaks against it.
        bool aStale = a.Stale && a.Origin != FdbOrigin.Static;
        bool bStale = b.Stale && b.Origin != FdbOrigin.Static;
        if (aStale != bStale)
        {
            rule = PrecedenceRule.LiveBeforeStale;
            return aStale ? 1 : -1;
        }

        int byRank = Rank(a.Origin).CompareTo(Rank(b.Origin));
        if (byRank != 0)
        {
            rule = PrecedenceRule.ConfiguredOrder;
            return byRank;
        }

        if (a.Sticky != b.Sticky)
        {
            rule = PrecedenceRule.StickyDoesNotMove;
            return a.Sticky ? -1 : 1;
        }

        if (a.Sequence != b.Sequence)
        {
            rule = PrecedenceRule.HigherSequence;
            return b.Sequence.CompareTo(a.Sequence);
        }

        int byAddress = a.Address.CompareTo(b.Address);
        rule = byAddress != 0 ? PrecedenceRule.LowestVtepAddress : PrecedenceRule.OlderSource;
        return byAddress;
    }

    /// <summary>The rule in words for an operator; what the loser is told.</summary>
    public static string Sentence(PrecedenceRule rule) => rule switch
    {
        PrecedenceRule.OnlyCandidate => "it is the only usable candidate",
        PrecedenceRule.LearnedYields => "data-plane learning never displaces or blocks another origin",
        PrecedenceRule.StaticDoesNotMove => "a static entry is never displaced by what a port sees",
        PrecedenceRule.StickyDoesNotMove => "a sticky MAC does not move",
        PrecedenceRule.MobilitySequence => "between a port and a control plane the higher mobility sequence decides",
        PrecedenceRule.LiveBeforeStale => "a route of a live session replaces a stale one",
        PrecedenceRule.ConfiguredOrder => "control.precedence ranks its origin higher",
        PrecedenceRule.HigherSequence => "within one origin the higher mobility sequence decides",
        PrecedenceRule.LowestVtepAddress => "at equal sequence the lowest VTEP address decides",
        PrecedenceRule.OlderSource => "nothing tells the two apart, so the one that was there first stays",
        PrecedenceRule.NotUsable => "no address of its VTEP is of a family that this host has a local address in",
        _ => throw new ArgumentOutOfRangeException(nameof(rule)),
    };

    private int PlaneAgainstPort(in RouteStanding plane, in RouteStanding port, out PrecedenceRule rule)
    {
        if (plane.Origin == FdbOrigin.Static)
        {
            rule = PrecedenceRule.StaticDoesNotMove;
            return -1;
        }

        if (plane.Sticky)
        {
            rule = PrecedenceRule.StickyDoesNotMove;
            return -1;
        }

        if (plane.Sequence != port.Sequence)
        {
            rule = PrecedenceRule.MobilitySequence;
            return port.Sequence.CompareTo(plane.Sequence);
        }

        rule = PrecedenceRule.ConfiguredOrder;
        return Rank(plane.Origin).CompareTo(Rank(FdbOrigin.Local));
    }
}
