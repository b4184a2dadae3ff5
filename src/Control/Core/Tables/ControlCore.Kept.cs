using System.Runtime.InteropServices;
using Overlay.Control.HandOver;
using Overlay.Control.Vteps;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <content>What planes had in force before a restart.</content>
internal sealed partial class ControlCore
{
    /// <summary>What each plane has given, but the configuration file, which is read again.</summary>
    public IReadOnlyList<KeptRoutes> ExportRoutes()
    {
        var all = new List<KeptRoutes>();
        int room = KeptRoutes.Limit;
        foreach (PlaneState plane in _planes)
        {
            if (plane.Origin != RouteOrigin.Static)
            {
                KeptRoutes kept = ExportRoutes(plane, room);
                room -= kept.Routes.Count;
                all.Add(kept);
            }
        }

        return all;
    }

    /// <summary>Puts in force, and stale, what a plane had given before a restart: as if it had given it, and then lost touch. Before the plane runs.</summary>
    /// <returns>Routes that were taken.</returns>
    public int RestoreRoutes(KeptRoutes kept)
    {
        if (_planes.Find(known => known.Name == kept.Plane && known.Origin != RouteOrigin.Static) is not { } plane)
        {
            return 0;
        }

        string?[] sessions = [.. kept.Sessions.Select(static name => name.Length == 0 ? null : name)];
        foreach ((int session, VtepDescription vtep) in kept.Vteps)
        {
            Describe(plane, sessions[session], vtep);
        }

        var given = kept.Vteps.Select(static vtep => vtep.Session).ToHashSet();
        foreach (KeptRoute route in kept.Routes)
        {
            _ = given.Add(route.Session);
            switch (route.Kind)
            {
                case KeptRouteKind.Mac:
                    Upsert(plane, sessions[route.Session], new MacRoute(route.Vni, route.Mac, kept.NextHops[route.NextHop], route.Sequence, route.Flag));
                    break;
                case KeptRouteKind.Flood:
                    Upsert(plane, sessions[route.Session], new FloodRoute(route.Vni, kept.NextHops[route.NextHop]));
                    break;
                default:
                    Upsert(plane, sessions[route.Session], new NeighborRoute(route.Vni, route.Address, route.Mac, route.Flag));
                    break;
            }
        }

        foreach (int session in given)
        {
            ReportConnected(plane, sessions[session], false);
        }

        return kept.Routes.Count;
    }

    private KeptRoutes ExportRoutes(PlaneState plane, int room)
    {
        var sessions = new Dictionary<ushort, int>();
        var names = new List<string>();
        foreach (SourceState source in plane.Sources)
        {
            sessions.Add(source.Id, names.Count);
            names.Add(source.Session ?? string.Empty);
        }

        var vteps = new List<(int, VtepDescription)>();
        foreach (VtepIdentity identity in _vteps.All)
        {
            foreach ((SourceState source, VtepDescription description, _) in identity.Descriptions)
            {
                if (sessions.TryGetValue(source.Id, out int session))
                {
                    vteps.Add((session, description));
                }
            }
        }

        var hops = new Dictionary<NextHopRef, int>();
        var routes = new List<KeptRoute>();
        foreach (MacVrf vrf in _vrfs.Values)
        {
            foreach (((ushort source, _), FloodEntry entry) in vrf.Floods)
            {
                if (routes.Count < room && sessions.TryGetValue(source, out int session))
                {
                    routes.Add(new KeptRoute(KeptRouteKind.Flood, session, HopOf(hops, entry.Target), vrf.Vni, default, 0, false, default));
                }
            }
        }

        foreach (MacVrf vrf in _vrfs.Values)
        {
            for (int at = 0; at < vrf.Candidates.High && routes.Count < room; at++)
            {
                Candidate candidate = vrf.Candidates[at];
                if (candidate.Origin != FdbOrigin.None && candidate.Time == 0 && sessions.TryGetValue(candidate.Source, out int session) && vrf.Targets[candidate.Target] is { Group: null } target)
                {
                    routes.Add(new KeptRoute(KeptRouteKind.Mac, session, HopOf(hops, target), vrf.Vni, new MacAddress(vrf.Macs[candidate.Mac].Mac), candidate.Sequence, candidate.Sticky, default));
                }
            }

            foreach (((UnderlayAddress address, ushort source), NeighborEntry entry) in vrf.Neighbors)
            {
                if (routes.Count < room && sessions.TryGetValue(source, out int session))
                {
                    routes.Add(new KeptRoute(KeptRouteKind.Neighbor, session, 0, vrf.Vni, entry.Mac, 0, entry.IsRouter, address));
                }
            }
        }

        return new KeptRoutes(plane.Name, names, vteps, [.. hops.OrderBy(static hop => hop.Value).Select(static hop => hop.Key)], routes);
    }

    private static int HopOf(Dictionary<NextHopRef, int> hops, RouteTarget target)
    {
        ref int index = ref CollectionsMarshal.GetValueRefOrAddDefault(hops, target.Key.NextHop, out bool isKnown);
        if (!isKnown)
        {
            index = hops.Count - 1;
        }

        return index;
    }
}
