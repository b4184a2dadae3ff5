using System.Runtime.CompilerServices;
using Overlay.Encap.Ethernet;

namespace Overlay.Dataplane.Pipeline;

/// <summary>Rules about a whole frame that both pipelines share.</summary>
internal static class FrameRules
{
    /// <summary>True if a frame fits an MTU: one 802.1Q tag does not count, as with any Linux device.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool FitsMtu(ReadOnlySpan<byte> frame, int mtu)
    {
        int payload = frame.Length - EthernetHeader.Length;
        return payload <= mtu || (payload - VlanTag.Length <= mtu && EtherType.IsVlanTag(VlanTags.TypeOf(frame)));
    }
}
