namespace Overlay.Control.Queries;

/// <summary>What a long list is made of, ascending; the rows are asked for a page at a time.</summary>
/// <typeparam name="T">The key of a row.</typeparam>
/// <param name="Keys">The keys; the caller's.</param>
/// <param name="IsTruncated">There are more.</param>
public sealed record KeyList<T>(ReadOnlyMemory<T> Keys, bool IsTruncated);
