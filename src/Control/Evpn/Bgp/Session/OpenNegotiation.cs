using System.Collections.Immutable;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Options;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>What we offer in OPEN, what we accept, and what follows from both. Pure.</summary>
internal static class OpenNegotiation
{
    private const byte BadPeerAs = 2;
    private const byte BadIdentifier = 3;
    private const byte UnsupportedCapability = 7;

    /// <summary>Our OPEN.</summary>
    /// <param name="options">The neighbour's settings.</param>
    /// <param name="local">What we say of ourselves.</param>
    /// <param name="isRestarting">The R bit: do not wait for us to send End-of-RIB first (RFC 4724 §3).</param>
    /// <param name="isForwarding">The F bit: frames go on as before for what the peer still holds of us.</param>
    public static OpenMessage Offer(EvpnSessionOptions options, BgpLocal local, bool isRestarting, bool isForwarding)
    {
        uint number = options.LocalAs != 0 ? options.LocalAs : local.As;
        ImmutableArray<BgpCapability>.Builder capabilities = ImmutableArray.CreateBuilder<BgpCapability>();
        capabilities.Add(BgpCapability.OfFamily(EvpnFamily.Afi, EvpnFamily.Safi));
        capabilities.Add(BgpCapability.Of(BgpCapability.RouteRefresh));
        capabilities.Add(BgpCapability.Of(BgpCapability.EnhancedRefresh));
        capabilities.Add(BgpCapability.OfAs(number));
        capabilities.Add(BgpCapability.Of(BgpCapability.ExtendedMessage));
        if (local.RestartTime > TimeSpan.Zero)
        {
            var restart = new GracefulRestartCapability
            {
                IsRestarting = isRestarting,
                HandlesNotification = true,
                RestartTime = local.RestartTime,
                Families = [new GracefulRestartFamily(EvpnFamily.Afi, EvpnFamily.Safi, isForwarding)],
            };
            capabilities.Add(restart.ToCapability());
        }

        return OpenMessage.Create(number, options.HoldTime, local.RouterId, capabilities.DrainToImmutable());
    }

    /// <summary>Whether a peer's OPEN, well formed as it is, fits the configuration.</summary>
    /// <param name="open">The OPEN.</param>
    /// <param name="options">The neighbour's settings.</param>
    /// <param name="local">What we say of ourselves.</param>
    /// <returns>Null, or what to refuse it with.</returns>
    public static BgpError? Check(OpenMessage open, EvpnSessionOptions options, BgpLocal local)
    {
        uint number = options.LocalAs != 0 ? options.LocalAs : local.As;

        // RFC 4271 §6.2; a neighbour without an AS of its own may have any but ours.
        bool isExpected = options.As != 0 ? open.As == options.As : open.As != number;
        if (!isExpected)
            return new BgpError(BgpErrorCode.Open, BadPeerAs);

        // RFC 6286 §2.2: unique within an AS only.
        if (open.As == number && open.RouterId == local.RouterId)
            return new BgpError(BgpErrorCode.Open, BadIdentifier);

        // RFC 5492 §5: the data names the capability that is missing, in its form in OPEN.
        if (!open.HasEvpn)
        {
            BgpCapability evpn = BgpCapability.OfFamily(EvpnFamily.Afi, EvpnFamily.Safi);
            byte[] data = [evpn.Code, (byte)evpn.Value.Length, .. evpn.Value.Span];
            return new BgpError(BgpErrorCode.Open, UnsupportedCapability, data);
        }

        return null;
    }

    /// <summary>What two OPENs agree on.</summary>
    public static BgpSessionFacts Agree(OpenMessage ours, OpenMessage theirs, UnderlayAddress localAddress, UnderlayAddress peerAddress)
    {
        GracefulRestartCapability? restart = theirs.GracefulRestart;
        return new BgpSessionFacts
        {
            Peer = peerAddress,
            Local = localAddress,
            LocalAs = ours.As,
            PeerAs = theirs.As,
            LocalRouterId = ours.RouterId,
            PeerRouterId = theirs.RouterId,
            HasFourOctetAs = theirs.HasFourOctetAs,
            MaxMessageLength = theirs.HasExtendedMessage ? BgpHeader.MaxExtendedMessageLength : BgpHeader.MaxMessageLength,
            HasRouteRefresh = theirs.HasRouteRefresh,
            HasEnhancedRefresh = theirs.HasEnhancedRefresh,
            HoldTime = ours.HoldTime < theirs.HoldTime ? ours.HoldTime : theirs.HoldTime,
            GracefulRestart = restart is null ? null : new PeerGracefulRestart(
                restart.IsRestarting,
                restart.HandlesNotification,
                restart.RestartTime,
                restart.Evpn is not null,
                restart.Evpn is { IsForwarding: true }),
        };
    }

    /// <summary>Names of what both can.</summary>
    public static ImmutableArray<string> Names(BgpSessionFacts facts)
    {
        ImmutableArray<string>.Builder names = ImmutableArray.CreateBuilder<string>();
        names.Add("evpn");
        if (facts.HasFourOctetAs)
            names.Add("as4");
        if (facts.HasRouteRefresh)
            names.Add("route-refresh");
        if (facts.HasEnhancedRefresh)
            names.Add("enhanced-route-refresh");
        if (facts.GracefulRestart is not null)
            names.Add("graceful-restart");
        if (facts.MaxMessageLength > BgpHeader.MaxMessageLength)
            names.Add("extended-message");
        return names.DrainToImmutable();
    }

    /// <summary>Of two connections in OpenConfirm the one that the speaker with the higher identifier opened is kept (RFC 4271 §6.8); of equal ones the higher AS (RFC 6286 §2.3).</summary>
    /// <returns>True if ours is.</returns>
    public static bool KeepsOutgoing(BgpSessionFacts facts) => facts.LocalRouterId != facts.PeerRouterId
        ? facts.LocalRouterId > facts.PeerRouterId
        : facts.LocalAs > facts.PeerAs;
}
