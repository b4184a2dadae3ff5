namespace Overlay.Dataplane.HandOver;

/// <summary>A descriptor that is worth keeping over a restart. It stays the dataplane's.</summary>
/// <param name="Name">Its name in the store.</param>
/// <param name="Descriptor">Its number, good until the next change of the topology or of the underlay.</param>
/// <param name="Id">Another one whenever something else is behind the name.</param>
/// <param name="IsInherited">It came from the store, and is there still.</param>
public readonly record struct HeldDescriptor(string Name, int Descriptor, long Id, bool IsInherited);
