namespace Overlay.Host.Api;

/// <summary>A long answer that is written a page at a time, so that it is never in memory as a whole.</summary>
/// <typeparam name="T">A row.</typeparam>
/// <param name="Pages">The rows, asked for as the client takes them.</param>
/// <param name="IsTruncated">Whether there are more rows than the answer holds; asked when the last page is written.</param>
internal sealed record Listing<T>(IAsyncEnumerable<IReadOnlyList<T>> Pages, Func<bool> IsTruncated);
