namespace Overlay.Control.Etcd.Queries;

/// <summary>Something that was wrong in the store, counted by name, with the last offender.</summary>
/// <param name="Name">The fault in snake case.</param>
/// <param name="Count">How often since the start.</param>
/// <param name="Key">The last offender's key; octets that are not printable are escaped.</param>
/// <param name="Revision">Its revision.</param>
/// <param name="Detail">More in words, or empty.</param>
/// <param name="Age">How long ago that was.</param>
public sealed record EtcdFaultRow(string Name, long Count, string Key, long Revision, string Detail, TimeSpan Age);
