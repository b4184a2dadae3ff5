using System.Collections.Immutable;
using Overlay.Control.Queries;
using Overlay.Host.Events;

namespace Overlay.Host.Composition;

/// <content>Control planes: what the mass-withdraw guard holds.</content>
internal sealed partial class Daemon
{
    /// <inheritdoc/>
    public Task<ImmutableArray<GuardRow>> GuardAsync() => runtime.Control.Guard();

    /// <inheritdoc/>
    public async Task<GuardApproval> ApproveAsync(string? plane)
    {
        var outcome = await runtime.Control.ApproveWithdraws(plane);
        if (outcome.Approved > 0)
        {
            HostLog.WithdrawsApproved(log, outcome.Approved, plane ?? "all");
            events.Add(
                EventNames.ControlApproved, plane, $"{outcome.Approved} held entries of {(plane is null ? "all control planes" : $"control plane {plane}")} go: an operator approved it",
                ("count", $"{outcome.Approved}"));
        }

        return outcome;
    }
}
