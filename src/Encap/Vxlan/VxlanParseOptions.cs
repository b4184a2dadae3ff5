namespace Overlay.Encap.Vxlan;

/// <summary>How a VXLAN header is read.</summary>
/// <param name="Strict">Drop when a reserved bit is set, as the kernel and OVS do; RFC 7348 5 says ignore.</param>
/// <param name="Gbp">The group policy extension is on: the G, D and A bits and octets 2 and 3 are not reserved when G is set.</param>
/// <param name="Gpe">What the P bit of the generic protocol extension means here.</param>
public readonly record struct VxlanParseOptions(bool Strict = false, bool Gbp = false, GpeHandling Gpe = GpeHandling.EthernetOnly);
