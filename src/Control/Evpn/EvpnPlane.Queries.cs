using System.Collections.Immutable;
using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Queries;
using Overlay.Encap;

namespace Overlay.Control.Evpn;

/// <content>What the operator asks, and asks for.</content>
public sealed partial class EvpnPlane
{
    /// <summary>Cursors from here on are of our own routes, which come behind those of peers.</summary>
    private const long OwnRoutes = 1L << 40;
    private const int MaxPage = 100_000;

    /// <summary>All neighbours, in the order of the configuration, those of prefixes behind; those too that are away and have routes here.</summary>
    public ImmutableArray<EvpnNeighborRow> Neighbors()
    {
        IEvpnSpeaker? speaker;
        lock (_gate)
        {
            speaker = _speaker;
        }

        ImmutableArray<EvpnNeighborRow> rows = speaker?.Neighbors() ??
            [.. Options.Neighbors.Select(static n => new EvpnNeighborRow { Name = n.Address.ToString(), Description = n.Description, State = n.IsShutdown ? "shutdown" : "idle", As = n.As })];

        // One of a prefix is forgotten when it has been away for a while; what it gave is in force still.
        var away = new HashSet<string>(_rib.PeerNames(), StringComparer.Ordinal);
        away.ExceptWith(rows.Select(static row => row.Name));
        rows = [.. rows, .. away.Order(StringComparer.Ordinal).Select(static name => new EvpnNeighborRow { Name = name, State = "idle", IsDynamic = true })];
        return [.. rows.Select(row => _rib.Complete(row) with { Advertised = _rib.SessionOf(row.Name) is { } session ? _adverts.Advertised(session) : 0 })];
    }

    /// <summary>One neighbour, or null.</summary>
    public EvpnNeighborRow? Neighbor(string name) => Neighbors().FirstOrDefault(row => string.Equals(row.Name, name, StringComparison.Ordinal));

    /// <summary>Routes, a page of them: those of peers, then ours.</summary>
    /// <param name="filter">Which; its neighbour <c>local</c> means ours.</param>
    /// <param name="cursor">0 to begin, then <see cref="EvpnRoutePage.Next"/>.</param>
    /// <param name="limit">Rows, 1–100,000.</param>
    public EvpnRoutePage Routes(EvpnRouteFilter filter, long cursor = 0, int limit = 1000)
    {
        ArgumentNullException.ThrowIfNull(filter);
        limit = Math.Clamp(limit, 1, MaxPage);
        bool isOwnAlone = string.Equals(filter.Neighbor, "local", StringComparison.Ordinal);
        ImmutableArray<EvpnRouteRow>.Builder rows = ImmutableArray.CreateBuilder<EvpnRouteRow>();
        if (cursor < OwnRoutes && !isOwnAlone)
        {
            int next = _rib.Read(filter, (int)Math.Clamp(cursor, 0, int.MaxValue), limit, rows);
            if (next != 0)
            {
                return new EvpnRoutePage(rows.DrainToImmutable(), next);
            }
        }

        if (filter.Neighbor is not null && !isOwnAlone)
        {
            return new EvpnRoutePage(rows.DrainToImmutable(), 0);
        }

        if (rows.Count >= limit)
        {
            return new EvpnRoutePage(rows.DrainToImmutable(), OwnRoutes);
        }

        int own = _adverts.Read(filter, (int)Math.Clamp(cursor - OwnRoutes, 0, int.MaxValue), limit, rows);
        return new EvpnRoutePage(rows.DrainToImmutable(), own == 0 ? 0 : OwnRoutes + own);
    }

    /// <summary>Why a MAC of a VNI goes where EVPN says.</summary>
    public EvpnExplanation Explain(Vni vni, MacAddress mac) => _rib.Explain(vni, mac);

    /// <summary>Routes of ours that are advertised, of all types.</summary>
    public int LocalRoutes
    {
        get
        {
            (int macs, int floods) = _adverts.Count();
            return macs + floods;
        }
    }

    /// <summary>What is counted, for metrics.</summary>
    public EvpnFigures Figures() => _rib.Figures();

    /// <summary>
    /// Ends sessions, which are opened again; or, softly, asks the peers for their routes again and gives them ours. What a neighbour of a prefix gave that has been away for
    /// long goes when it is named.
    /// </summary>
    /// <param name="name">The neighbour; null for all.</param>
    /// <param name="soft">Without ending the session. A peer that cannot refresh (RFC 2918) is given ours alone.</param>
    /// <returns>Neighbours that this concerned; of a soft one those that can refresh.</returns>
    public int Clear(string? name, bool soft)
    {
        IEvpnSpeaker? speaker;
        lock (_gate)
        {
            speaker = _speaker;
        }

        if (soft)
        {
            foreach (IBgpSession session in _rib.Sessions())
            {
                if (name is null || string.Equals(session.Name, name, StringComparison.Ordinal))
                {
                    _adverts.Repeat(session);
                    session.Wake();
                }
            }
        }

        int done = speaker?.Clear(name, soft) ?? 0;
        if (done == 0 && !soft && name is not null && _rib.PeerNames().Contains(name, StringComparer.Ordinal) && !Options.Neighbors.Any(n => string.Equals(n.Address.ToString(), name, StringComparison.Ordinal)))
        {
            _rib.Forget(name);
            done = 1;
        }

        return done;
    }
}
