using System.Collections.Immutable;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Options;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Rib;

/// <summary>What routes are judged by: the configuration, the local addresses and the VNIs in being. Immutable; a change makes another one.</summary>
internal sealed class RibPolicy(EvpnOptions options, ImmutableArray<UnderlayAddress> local, ImmutableHashSet<uint> vnis, int version)
{
    public EvpnOptions Options { get; } = options;

    public ImmutableArray<UnderlayAddress> Local { get; } = local;

    public ImmutableHashSet<uint> Vnis { get; } = vnis;

    /// <summary>1 or more; no two policies have the same.</summary>
    public int Version { get; } = version;

    public RibPolicy With(EvpnOptions? options = null, ImmutableArray<UnderlayAddress>? local = null, ImmutableHashSet<uint>? vnis = null) =>
        new(options ?? Options, local ?? Local, vnis ?? Vnis, Version + 1);

    public EvpnVniOptions OfVni(uint vni) => Options.Vnis.GetValueOrDefault(new Vni(vni)) ?? Default;

    private static EvpnVniOptions Default { get; } = new();

    /// <summary>Finds what follows from attributes alone.</summary>
    public void Evaluate(RouteAttributes set, Func<UnderlayAddress, string> nameOf)
    {
        PathAttributes attributes = set.Attributes;
        set.PolicyVersion = Version;
        set.NextHopName = nameOf(attributes.NextHop);
        set.Sequence = 0;
        set.IsSticky = false;
        set.IsRouter = null;
        bool hasEncap = false;
        uint offered = 0;
        bool hasMobility = false;
        foreach (ExtendedCommunity community in attributes.ExtendedCommunities)
        {
            if (community.TryGetEncapsulation(out ushort tunnelType))
            {
                hasEncap = true;
                offered |= OfferOf(tunnelType);
            }
            else if (community.TryGetMacMobility(out uint sequence, out bool isSticky))
            {
                if (!hasMobility)
                {
                    hasMobility = true;
                    set.Sequence = sequence;
                    set.IsSticky = isSticky;
                }
            }
            else if (community.TryGetArpNd(out ArpNdFlags flags))
            {
                set.IsRouter = (flags & ArpNdFlags.Router) != 0;
            }
        }

        // RFC 8365 §5.1.3: without the community it is what the configuration says, and that is VXLAN here.
        offered = hasEncap ? offered : 1u << (int)EncapKind.Vxlan;
        set.Encap = default;
        foreach (EncapKind ours in Options.Encaps)
        {
            if ((offered & (1u << (int)ours)) != 0)
            {
                set.Encap = ours;
                break;
            }
        }

        set.Problem = ProblemOf(attributes.NextHop);
        if (set.Problem == PathProblem.None && set.Encap == default)
        {
            set.Problem = PathProblem.Encapsulation;
        }

        set.TunnelProblem = PathProblem.None;
        if (attributes.Pmsi is { } pmsi)
        {
            set.TunnelName = nameOf(pmsi.Endpoint);
            set.TunnelProblem = pmsi.TunnelType != PmsiTunnel.IngressReplication ? PathProblem.TunnelType
                : ProblemOf(pmsi.Endpoint) != PathProblem.None ? PathProblem.TunnelEndpoint
                : PathProblem.None;
        }
    }

    /// <summary>Whether route targets of a route name a VNI (RFC 7432 §7.10).</summary>
    /// <remarks>
    /// Configured targets are compared as they are. Without any, a target of type 0 or 2 counts whose number is the VNI, whatever its AS, as FRR and most fabrics have
    /// it where each VTEP has an AS of its own; and the one of RFC 8365 §5.1.2.1 (<c>0x1dVVVVVV</c>: automatic, VXLAN, any domain, the VNI), again of any AS.
    /// </remarks>
    public static bool Imports(uint vni, EvpnVniOptions options, PathAttributes attributes)
    {
        foreach (ExtendedCommunity community in attributes.ExtendedCommunities)
        {
            if (community.IsRouteTarget && (options.Import.IsDefaultOrEmpty ? IsAutomatic(community, vni) : options.Import.Contains(community)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsAutomatic(ExtendedCommunity target, uint vni) => target.Type switch
    {
        0 => (uint)target.Value == vni || ((uint)target.Value >> 28 == 1 && ((uint)target.Value & Vni.MaxValue) == vni),
        2 => (ushort)target.Value == vni,
        _ => false,
    };

    private static uint OfferOf(ushort tunnelType) => tunnelType switch
    {
        TunnelType.Vxlan => 1u << (int)EncapKind.Vxlan,
        TunnelType.Geneve => 1u << (int)EncapKind.Geneve,
        _ => 0,
    };

    private PathProblem ProblemOf(UnderlayAddress nextHop)
    {
        if (!nextHop.IsUnicast || nextHop.IsLoopback)
        {
            return PathProblem.NextHopInvalid;
        }

        if (nextHop.IsLinkLocal)
        {
            return PathProblem.NextHopLinkLocal;
        }

        bool hasFamily = false;
        foreach (UnderlayAddress address in Local)
        {
            if (address == nextHop)
            {
                return PathProblem.NextHopIsOurs;
            }

            hasFamily |= address.Family == nextHop.Family;
        }

        return hasFamily ? PathProblem.None : PathProblem.NextHopFamily;
    }
}
