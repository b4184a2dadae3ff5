using Overlay.Api;
using Overlay.Control.Queries;
using Overlay.Host.Configuration;

namespace Overlay.Host.Api;

/// <content>The mass-withdraw guard.</content>
internal sealed partial class AdminApi
{
    private async Task GuardAsync(HttpContext http) =>
        await WriteAsync(http, new GuardResponse { Planes = [.. (await backend.GuardAsync()).Select(Of)] }, ApiJsonContext.Default.GuardResponse);

    private async Task ApproveAsync(HttpContext http)
    {
        var plane = Name(http, "plane");
        var all = http.Request.Query["all"] == "true";

        // A script whose variable is empty must not let everything go.
        if (plane is { Length: > 0 and <= MaxNameLength } == all)
        {
            await FailAsync(http, 400, "bad_request", "name a control plane, or all=true", "plane");
            return;
        }

        // Not the request's token: what was begun is carried out.
        var outcome = await backend.ApproveAsync(plane);
        if (outcome.Unknown is { } unknown)
        {
            await FailAsync(http, 404, "not_found", KeyPath.Printable(unknown), "plane");
        }
        else
        {
            await WriteAsync(http, new GuardApproveResponse { Approved = outcome.Approved }, ApiJsonContext.Default.GuardApproveResponse);
        }
    }

    private static GuardInfo Of(GuardRow row) => new()
    {
        Plane = row.Plane,
        Guarded = row.IsGuarded,
        Entries = row.Entries,
        Held = row.Held,
        HeldSeconds = row.Since is { } since ? Math.Round(since.TotalSeconds, 1) : null,
        LeftSeconds = row.Left is { } left ? Math.Round(left.TotalSeconds, 1) : null,
        HeldTotal = row.HeldTotal,
        GivenAgain = row.GivenAgain,
        Released = row.Released,
        Approved = row.Approved,
    };
}
