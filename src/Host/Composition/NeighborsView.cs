using Overlay.Api;
using Overlay.Control.Queries;
using Overlay.Dataplane.Forwarding;
using Overlay.Encap;

namespace Overlay.Host.Composition;

/// <summary>Neighbour bindings and suppression counters in the API's form.</summary>
internal static class NeighborsView
{
    public static IReadOnlyList<NeighborVni> Suppression(ForwardingTables tables, Vni? only) =>
        [.. tables.Domains.Where(domain => only is null || domain.Vni == only).Select(Vni)];

    public static NeighborInfo Row(NeighborRow row) => new()
    {
        Vni = (int)row.Vni.Value,
        Address = row.Address.ToString(),
        Mac = row.Mac.ToString(),
        Origin = FdbView.Origin(row.Origin),
        Plane = row.Plane,
        Port = row.Port,
        Peer = row.Peer,
        Router = row.IsRouter,
        Answered = row.IsAnswered,
        Duplicate = row.IsDuplicate,
        AgeSeconds = row.Age is { } age ? Math.Round(age.TotalSeconds, 1) : null,
    };

    private static NeighborVni Vni(BridgeDomain domain) => new()
    {
        Vni = (int)domain.Vni.Value,
        ArpSuppress = domain.Spec.ArpSuppress,
        NdSuppress = domain.Spec.NdSuppress,
        SuppressedIpv4 = Questions(domain, isIPv6: false, answered: true),
        SuppressedIpv6 = Questions(domain, isIPv6: true, answered: true),
        FloodedIpv4 = Questions(domain, isIPv6: false, answered: false),
        FloodedIpv6 = Questions(domain, isIPv6: true, answered: false),
    };

    private static long Questions(BridgeDomain domain, bool isIPv6, bool answered) => domain.State.Questions.Frames(DomainState.QuestionColumnOf(isIPv6, answered));
}
