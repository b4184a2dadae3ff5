using System.Collections.Immutable;
using Overlay.Encap;

namespace Overlay.Control.Queries;

/// <summary>Why a MAC goes where it goes.</summary>
/// <param name="Vni">The VNI.</param>
/// <param name="Mac">The MAC.</param>
/// <param name="IsVniKnown">The VNI is configured.</param>
/// <param name="Verdict">One sentence.</param>
/// <param name="Winner">The candidate in force, or null.</param>
/// <param name="Candidates">All candidates, the winner first.</param>
/// <param name="Moves">Times its place changed since it is known; stops at 65535.</param>
/// <param name="OnMiss">What happens to frames to it while no candidate is in force: <c>flood</c>, <c>drop</c>, <c>asks</c>, or <c>nobody has it</c>: that was asked, and it is handled as unknown unicast for a while.</param>
public sealed record FdbExplanation(
    Vni Vni, MacAddress Mac, bool IsVniKnown, string Verdict, FdbCandidateRow? Winner, ImmutableArray<FdbCandidateRow> Candidates, int Moves, string OnMiss);
