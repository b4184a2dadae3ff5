using System.Buffers;
using System.Collections.Immutable;
using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Options;
using Overlay.Control.Evpn.Queries;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Rib;

/// <content>Sessions and what is written to them: withdraws and announcements in the order of changes, those of equal attributes together.</content>
internal sealed partial class EvpnAdverts
{
    /// <summary>Routes gathered to be packed.</summary>
    private const int BatchSize = 256;

    /// <summary>A call ends behind this; a batch more of the longest routes stays below the 64 KiB that the contract names.</summary>
    private const int EnoughOctets = 24 * 1024;
    private const uint LocalPreference = 100;
    private const int CacheSize = 4096;
    private readonly Dictionary<AdvertKey, PathAttributes> _cache = [];
    private readonly Dictionary<PathAttributes, List<int>> _batch = [];

    public void Opened(IBgpSession session)
    {
        lock (_gate)
        {
            _sessions[session] = new AdvertSession(session, _order.Count);
        }
    }

    public void Closed(IBgpSession session)
    {
        lock (_gate)
        {
            if (_sessions.Remove(session))
            {
                ReleaseGone();
            }
        }
    }

    /// <summary>The peer asks for everything again (RFC 2918), framed if both can (RFC 7313).</summary>
    public void Repeat(IBgpSession session)
    {
        lock (_gate)
        {
            if (_sessions.TryGetValue(session, out AdvertSession? state))
            {
                state.Cursor = 0;
                state.DumpEnd = _order.Count;

                // RFC 7313 §4: not before our End-of-RIB, which such a request then comes before.
                state.OwesBegin = state.OwesEnd = session.Facts.HasEnhancedRefresh && state.HasSentEndOfRib;
            }
        }
    }

    /// <summary>Routes announced to a neighbour, and not yet to be told of.</summary>
    public int Advertised(IBgpSession session)
    {
        lock (_gate)
        {
            if (!_sessions.TryGetValue(session, out AdvertSession? state))
            {
                return 0;
            }

            int count = 0;
            for (int at = 0; at < _routes.High; at++)
            {
                count += _routes[at].Position < state.Cursor && IsAnnounced(at) ? 1 : 0;
            }

            return count;
        }
    }

    /// <summary>Whether so many sessions are there, and each had its End-of-RIB.</summary>
    public bool HasToldAll(int sessions)
    {
        lock (_gate)
        {
            return _sessions.Count >= sessions && _sessions.Values.All(static s => s.HasSentEndOfRib);
        }
    }

    /// <inheritdoc cref="IBgpRoutes.Fill"/>
    public bool Fill(IBgpSession session, IBufferWriter<byte> output)
    {
        lock (_gate)
        {
            if (!_sessions.TryGetValue(session, out AdvertSession? state))
            {
                return false;
            }

            CountedWriter counted = state.Counted;
            counted.Use(output);
            if (state.OwesBegin)
            {
                state.OwesBegin = false;
                RouteRefreshMessage.OfEvpn(RouteRefreshMessage.Begin).WriteTo(counted);
            }

            while (state.Cursor < _order.Count && counted.Count < EnoughOctets)
            {
                WriteBatch(state);
            }

            if (state.Cursor >= state.DumpEnd)
            {
                if (!state.HasSentEndOfRib && _isSynced)
                {
                    state.HasSentEndOfRib = true;
                    UpdateWriter.WriteEndOfRib(counted);
                }

                if (state.OwesEnd)
                {
                    state.OwesEnd = false;
                    RouteRefreshMessage.OfEvpn(RouteRefreshMessage.End).WriteTo(counted);
                }
            }

            ReleaseGone();
            return state.Cursor < _order.Count;
        }
    }

    /// <summary>Our own routes as rows.</summary>
    public int Read(EvpnRouteFilter filter, int cursor, int limit, ImmutableArray<EvpnRouteRow>.Builder rows)
    {
        lock (_gate)
        {
            for (; cursor < _routes.High; cursor++)
            {
                ref LocalRoute route = ref _routes[cursor];
                if (route.Key.Word == 0 || !IsAnnounced(cursor) || (filter.Type is { } type && (int)route.Key.Type != type) || (filter.Vni is { } vni && route.Vni != vni.Value) ||
                    (filter.Mac is { } mac && (route.Key.Type != EvpnRouteType.MacIp || route.Key.Mac != mac)))
                {
                    continue;
                }

                PathAttributes attributes = AttributesOf(cursor, isInternal: true, _options.As);
                rows.Add(EvpnRib.RowOf(route.Key, attributes, route.Vni, default) with { LocalPreference = null, IsBest = true, ImportedInto = [] });
                if (rows.Count >= limit)
                {
                    return cursor + 1 < _routes.High ? cursor + 1 : 0;
                }
            }

            return 0;
        }
    }

    private void WriteBatch(AdvertSession state)
    {
        BgpSessionFacts facts = state.Session.Facts;
        UpdateWriter writer = state.Writer;
        bool isWithdrawing = false;
        int taken = 0;
        for (; taken < BatchSize && state.Cursor < _order.Count; state.Cursor++)
        {
            int at = _order[state.Cursor];
            if (_routes[at].Key.Word == 0 || _routes[at].Position != state.Cursor)
            {
                continue;
            }

            if (IsAnnounced(at))
            {
                taken++;
                PathAttributes attributes = AttributesOf(at, facts.IsInternal, facts.LocalAs);
                if (!_batch.TryGetValue(attributes, out List<int>? list))
                {
                    list = [];
                    _batch.Add(attributes, list);
                }

                list.Add(at);
            }
            else if (state.Cursor >= state.Born)
            {
                // It may have been announced in this session; what was gone before is not known to the peer, or is swept at our End-of-RIB.
                taken++;
                if (!isWithdrawing)
                {
                    isWithdrawing = true;
                    writer.BeginWithdraw();
                }

                writer.Add(NlriOf(_routes[at]));
            }
        }

        if (isWithdrawing)
        {
            writer.End();
        }

        foreach ((PathAttributes attributes, List<int> list) in _batch)
        {
            writer.Begin(attributes);
            foreach (int at in list)
            {
                writer.Add(NlriOf(_routes[at]));
            }

            writer.End();
        }

        _batch.Clear();
    }

    private PathAttributes AttributesOf(int at, bool isInternal, uint localAs)
    {
        ref LocalRoute route = ref _routes[at];
        bool isMac = route.Key.Type == EvpnRouteType.MacIp;
        uint sequence = isMac ? (route.Key.HasAddress ? _routes[route.Kin].Sequence : route.Sequence) : 0;
        bool isGateway = isMac && OptionsOf(route.Vni).IsGateway && _ports.ContainsValue(route.Key.Mac);
        var key = new AdvertKey(route.Vni, isMac, sequence, isGateway, isInternal, localAs);
        if (_cache.TryGetValue(key, out PathAttributes? known))
        {
            return known;
        }

        if (_cache.Count >= CacheSize)
        {
            _cache.Clear();
        }

        PathAttributes made = Make(key);
        _cache.Add(key, made);
        return made;
    }

    private PathAttributes Make(in AdvertKey key)
    {
        ImmutableArray<ExtendedCommunity>.Builder communities = ImmutableArray.CreateBuilder<ExtendedCommunity>();
        EvpnVniOptions options = OptionsOf(key.Vni);
        if (options.Export.IsDefaultOrEmpty)
        {
            communities.Add(AutomaticTarget(_options, key.Vni));
        }
        else
        {
            communities.AddRange(options.Export);
        }

        foreach (EncapKind encap in _options.Encaps)
        {
            // RFC 8365 §5.1.3: one for each, so that every remote may choose.
            communities.Add(ExtendedCommunity.Encapsulation(encap == EncapKind.Geneve ? TunnelType.Geneve : TunnelType.Vxlan));
        }

        if (key.Sequence != 0)
        {
            communities.Add(ExtendedCommunity.MacMobility(key.Sequence));
        }

        if (key.IsGateway)
        {
            communities.Add(ExtendedCommunity.DefaultGateway);
        }

        return new PathAttributesBuilder
        {
            NextHop = _nextHop,
            Origin = BgpOrigin.Igp,
            AsPath = key.IsInternal ? [] : [new AsSegment(2, [key.LocalAs])],
            LocalPreference = key.IsInternal ? LocalPreference : null,
            ExtendedCommunities = communities.ToImmutable(),
            Pmsi = key.IsMac ? null : new PmsiTunnel(0, PmsiTunnel.IngressReplication, key.Vni, _nextHop),
        }.Build();
    }

    /// <summary>The automatic route target of a VNI. The form of RFC 8365 §5.1.2.1 is for an AS of two octets alone; another AS gets the common one.</summary>
    private static ExtendedCommunity AutomaticTarget(EvpnOptions options, uint vni) =>
        options.RouteTargets == RouteTargetForm.Rfc8365 && options.As <= ushort.MaxValue
            ? ExtendedCommunity.RouteTargetOfAs2((ushort)options.As, 0x1000_0000 | vni)
            : ExtendedCommunity.RouteTargetOfAs2((ushort)options.As, vni);

    /// <summary>What decides the attributes of a route of ours.</summary>
    private readonly record struct AdvertKey(uint Vni, bool IsMac, uint Sequence, bool IsGateway, bool IsInternal, uint LocalAs);
}
