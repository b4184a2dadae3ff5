using System.Runtime.CompilerServices;
using Overlay.Encap;

namespace Overlay.Dataplane.Forwarding;

/// <summary>
/// VNI to <see cref="BridgeDomain"/>: a two-level page table of 4096 × 4096. Two loads a lookup, no hash to attack, and a page only where there are VNIs.
/// Immutable.
/// </summary>
public sealed class VniMap
{
    private const int PageBits = 12;
    private const int PageSize = 1 << PageBits;
    private readonly BridgeDomain?[]?[] _pages = new BridgeDomain?[]?[PageSize];

    /// <summary>Makes a map.</summary>
    /// <param name="domains">The domains, one a VNI.</param>
    public VniMap(IEnumerable<BridgeDomain> domains)
    {
        ArgumentNullException.ThrowIfNull(domains);
        foreach (BridgeDomain domain in domains)
        {
            uint vni = domain.Vni.Value;
            (_pages[vni >> PageBits] ??= new BridgeDomain?[PageSize])[vni & (PageSize - 1)] = domain;
        }
    }

    /// <summary>The domain of a VNI; null if it is not configured.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public BridgeDomain? Find(Vni vni) => _pages[vni.Value >> PageBits] is { } page ? page[vni.Value & (PageSize - 1)] : null;
}
