using System.Buffers;
using System.Collections.Concurrent;
using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Rib;

/// <summary>What stands above the sessions: routes in and adverts out, which know nothing of each other.</summary>
internal sealed class EvpnRoutes(EvpnRib rib, EvpnAdverts adverts) : IBgpRoutes
{
    private readonly ConcurrentDictionary<IBgpSession, UpdateDecoder> _decoders = [];

    public void Opened(IBgpSession session)
    {
        BgpSessionFacts facts = session.Facts;
        _decoders[session] = new UpdateDecoder(facts.HasFourOctetAs, facts.IsInternal, facts.IsInternal ? 0 : facts.PeerAs);
        rib.Opened(session);
        adverts.Opened(session);
        session.Wake();
    }

    public BgpError? Received(IBgpSession session, ReadOnlySpan<byte> body)
    {
        if (!_decoders.TryGetValue(session, out UpdateDecoder? decoder))
        {
            return null;
        }

        UpdateResult update = decoder.Decode(body);
        if (update.Reset is null)
        {
            rib.Received(session, update);
        }

        return update.Reset;
    }

    public void Refresh(IBgpSession session, RouteRefreshKind kind)
    {
        if (kind != RouteRefreshKind.Request)
        {
            rib.Refresh(session, kind);
            return;
        }

        adverts.Repeat(session);
        session.Wake();
    }

    public bool Fill(IBgpSession session, IBufferWriter<byte> output) => adverts.Fill(session, output);

    public void Closed(IBgpSession session, BgpClose close)
    {
        _ = _decoders.TryRemove(session, out _);
        adverts.Closed(session);
        rib.Closed(session, close);
    }
}
