namespace Overlay.Host.Api;

/// <summary>A resource of the admin API.</summary>
/// <param name="Method">The one method it takes; HEAD goes with GET.</param>
/// <param name="Parameters">Names that may stand in the query: a misspelt filter must not answer with everything.</param>
/// <param name="Handle">Answers a request.</param>
internal sealed record AdminRoute(string Method, string[] Parameters, Func<AdminApi, HttpContext, Task> Handle);
