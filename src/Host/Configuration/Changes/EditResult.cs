namespace Overlay.Host.Configuration.Changes;

/// <summary>What came of an edit: a text, or why there is none.</summary>
/// <param name="Text">The new text; null after a fault.</param>
/// <param name="Code">The fault's code: <c>not_found</c>, <c>exists</c>, <c>bad_request</c>, <c>not_editable</c> or <c>from_environment</c>.</param>
/// <param name="Message">The fault in a sentence.</param>
/// <param name="Field">The field at fault, or null.</param>
internal sealed record EditResult(string? Text, string Code = "", string Message = "", string? Field = null)
{
    public static EditResult Fault(string code, string message, string? field = null) => new(null, code, message, field);
}
