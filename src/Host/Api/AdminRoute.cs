namespace Overlay.Host.Api;

/// <summary>A resource of the admin API, by one method.</summary>
/// <param name="Method">The method; HEAD goes with GET.</param>
/// <param name="Parameters">Names that may stand in the query: a misspelt filter must not answer with everything.</param>
/// <param name="Handle">Answers a request.</param>
internal sealed record AdminRoute(string Method, string[] Parameters, Func<AdminApi, HttpContext, Task> Handle)
{
    /// <summary>The same resource by another method; null if there is none.</summary>
    public AdminRoute? Also { get; init; }

    /// <summary>The methods of the resource.</summary>
    public IEnumerable<string> Methods => Also is null ? [Method] : [Method, .. Also.Methods];

    /// <summary>The route that takes a method; null if none does.</summary>
    public AdminRoute? For(string method) => method == Method || (method == "HEAD" && Method == "GET") ? this : Also?.For(method);
}
