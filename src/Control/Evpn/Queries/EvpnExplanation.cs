using System.Collections.Immutable;

namespace Overlay.Control.Evpn.Queries;

/// <summary>Why a MAC of a VNI goes where EVPN says, as <c>overlayctl evpn explain</c> shows it.</summary>
/// <param name="Vni">The VNI.</param>
/// <param name="Mac">The MAC as text.</param>
/// <param name="Steps">One sentence a decision, in the order they were made: what was compared, who won, by which rule and RFC section.</param>
/// <param name="Candidates">All candidates, the winner first.</param>
public sealed record EvpnExplanation(uint Vni, string Mac, ImmutableArray<string> Steps, ImmutableArray<EvpnRouteRow> Candidates);
