namespace Overlay.Dataplane.Steering;

/// <summary>What a program sees of a packet besides its octets: offsets in <c>struct __sk_buff</c> (linux/bpf.h).</summary>
internal static class SkbContext
{
    /// <summary>Octets of the packet, joined segments and all.</summary>
    internal const int Length = 0;

    /// <summary>Octets of a segment of a packet that is many; 0 if it is one.</summary>
    internal const int SegmentLength = 176;

    /// <summary>Says to <c>bpf_skb_load_bytes_relative</c> where to count from.</summary>
    internal const int FromNetworkHeader = 1;
}
