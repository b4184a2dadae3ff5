using System.Buffers;
using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>What stands above BGP sessions: it takes UPDATEs in and fills UPDATEs out. Sessions know nothing of routes.</summary>
/// <remarks>
/// <b>Threading:</b> calls of one session come one at a time and in order, except that <see cref="Fill"/> may run beside the others; calls of
/// several sessions run side by side. An implementation locks. A call that takes long holds up its own session alone (TCP pushes back), never its timers.
/// <b>Errors:</b> nothing throws for what a peer sends.
/// </remarks>
internal interface IBgpRoutes
{
    /// <summary>A session reached Established. <see cref="Fill"/> will be asked for everything, then End-of-RIB.</summary>
    void Opened(IBgpSession session);

    /// <summary>An UPDATE arrived.</summary>
    /// <param name="session">The session.</param>
    /// <param name="body">The message without its 19-octet header; valid during the call.</param>
    /// <returns>Null, or what the session must be ended with (RFC 7606 §2, session reset).</returns>
    BgpError? Received(IBgpSession session, ReadOnlySpan<byte> body);

    /// <summary>The peer asks for our routes again (RFC 2918), or frames its own (RFC 7313). Of AFI 25, SAFI 70 alone.</summary>
    void Refresh(IBgpSession session, RouteRefreshKind kind);

    /// <summary>Writes the next whole messages, header included, about 64 KiB a call at most.</summary>
    /// <param name="session">The session.</param>
    /// <param name="output">Where to.</param>
    /// <returns>True if there is more at once; false means "ask again after <see cref="IBgpSession.Wake"/>".</returns>
    bool Fill(IBgpSession session, IBufferWriter<byte> output);

    /// <summary>A session that was <see cref="Opened"/> ended. The object is not used again; the peer's next session is a new one of the same name.</summary>
    void Closed(IBgpSession session, BgpClose close);
}
