using Overlay.Api;
using Overlay.Host.Configuration.Changes;

namespace Overlay.Host.Api;

/// <summary>A change of the configuration at run time.</summary>
/// <param name="What">What it is, for the log and for other operators: <c>peer add b</c>.</param>
/// <param name="Edit">Makes the text that is to be in force of the one that is.</param>
/// <param name="IfMatch">The ETag or revision it was made for; null or <c>*</c> for whichever is in force.</param>
/// <param name="Save">Write the file too.</param>
/// <param name="DryRun">Say what would happen, and do nothing.</param>
/// <param name="IsWhole">The whole configuration is replaced: places in errors are places in the request.</param>
/// <param name="Shifts">The lists that items are taken from; null for none.</param>
internal sealed record ChangeRequest(string What, Func<string, EditResult> Edit, string? IfMatch, bool Save, bool DryRun, bool IsWhole = false, string[]? Shifts = null);

/// <summary>What came of a change.</summary>
/// <param name="Answer">What changed; null if it was refused.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Error">Why it was refused.</param>
internal sealed record ChangeOutcome(ConfigChangeResponse? Answer, int Status, ErrorResponse? Error)
{
    public static ChangeOutcome Failed(int status, ErrorResponse error) => new(null, status, error);
}
