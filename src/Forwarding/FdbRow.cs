using Overlay.Encap;

namespace Overlay.Forwarding;

/// <summary>An FDB entry as a value, for display and for tests.</summary>
/// <param name="Vni">The VNI.</param>
/// <param name="Mac">The MAC.</param>
/// <param name="Target">Where it leads.</param>
/// <param name="Origin">Who gave it.</param>
/// <param name="Flags">Its flags.</param>
/// <param name="LastUseEpoch">The coarse epoch in which a worker last saw the MAC as a source (or in which it was written).</param>
public readonly record struct FdbRow(Vni Vni, MacAddress Mac, FdbTarget Target, FdbOrigin Origin, FdbFlags Flags, ushort LastUseEpoch);
