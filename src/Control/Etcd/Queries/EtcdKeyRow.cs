namespace Overlay.Control.Etcd.Queries;

/// <summary>A key of the store, as <c>overlayctl etcd dump</c> shows it.</summary>
/// <param name="Key">The key; octets that are not printable are escaped.</param>
/// <param name="Value">The value, likewise, cut after 8 KiB.</param>
/// <param name="Kind">What it is about: <c>vtep</c>, <c>member</c>, <c>mac</c>, <c>neighbor</c>, <c>moved</c>; <c>none</c> outside the schema.</param>
/// <param name="Vtep">Whose word it is, or null.</param>
/// <param name="Revision">When it was changed last.</param>
/// <param name="Lease">The lease it ends with in hexadecimal, or null.</param>
/// <param name="Fault">What is wrong with it, or null.</param>
public sealed record EtcdKeyRow(string Key, string Value, string Kind, string? Vtep, long Revision, string? Lease, string? Fault);
