using System.Runtime.CompilerServices;
using Overlay.Encap.Ethernet;

namespace Overlay.Dataplane.Pipeline;

/// <summary>Rules about a whole frame that both pipelines share.</summary>
internal static class FrameRules
{
    /// <summary>True if a frame fits an MTU: one 802.1Q tag does not count, as with any Linux device.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool FitsMtu(ReadOnlySpan<byte> frame, int mtu) => FitsMtu(frame, frame.Length, mtu);

    /// <summary>The octets of the longest frame that <see cref="FitsMtu(ReadOnlySpan{byte}, int)"/>.</summary>
    /// <param name="type">The field behind the source MAC.</param>
    /// <param name="mtu">The MTU.</param>
    internal static int LimitOf(ushort type, int mtu) => mtu + EthernetHeader.Length + (EtherType.IsVlanTag(type) ? VlanTag.Length : 0);

    /// <summary>True if a frame, or each segment of a super-frame, fits an MTU.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="length">Octets of it, or of the longest segment.</param>
    /// <param name="mtu">The MTU.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool FitsMtu(ReadOnlySpan<byte> frame, int length, int mtu)
    {
        int payload = length - EthernetHeader.Length;
        return payload <= mtu || (payload - VlanTag.Length <= mtu && EtherType.IsVlanTag(VlanTags.TypeOf(frame)));
    }
}
