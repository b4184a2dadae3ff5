using System.Buffers.Binary;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Ip;

namespace Overlay.Dataplane.Neighbors;

/// <summary>Writes the answer that the target itself would give (RFC 9161 §3.3): from its MAC, to who asked.</summary>
internal static class NeighborReply
{
    /// <summary>Octets of the longest answer.</summary>
    internal const int MaxLength = DiscoveryLength;

    private const int ArpLength = EthernetHeader.Length + ArpHeader.Length;
    private const int AdvertisementLength = NeighborView.HeaderLength + 8;
    private const int DiscoveryLength = EthernetHeader.Length + IPv6View.HeaderLength + AdvertisementLength;
    private const byte RouterFlag = 0x80;
    private const byte SolicitedFlag = 0x40;
    private const byte OverrideFlag = 0x20;
    private const byte TargetLinkLayerOption = 2;
    private const byte HopLimit = 255;

    /// <summary>Writes every octet.</summary>
    /// <param name="frame">At least <see cref="MaxLength"/> octets.</param>
    /// <param name="asked">The question.</param>
    /// <param name="entry">The binding of its target.</param>
    /// <returns>Octets written.</returns>
    internal static int Write(Span<byte> frame, in NeighborMessage asked, NeighborEntry entry)
    {
        new EthernetHeader(asked.Mac, entry.Mac, asked.IsIPv6 ? EtherType.IPv6 : EtherType.Arp).WriteTo(frame);
        Span<byte> payload = frame[EthernetHeader.Length..];
        if (!asked.IsIPv6)
        {
            new ArpHeader(ArpHeader.Reply, entry.Mac, asked.Target, asked.Mac, asked.Sender).WriteTo(payload);
            return ArpLength;
        }

        // RFC 4861 §7.2.4: solicited, overriding, from the target to who asked, with the target's MAC as an option.
        new IPv6Header(asked.Target, asked.Sender, IpProtocol.IcmpV6, AdvertisementLength) { HopLimit = HopLimit }.WriteTo(payload);
        Span<byte> message = payload.Slice(IPv6View.HeaderLength, AdvertisementLength);
        _ = asked.Target.TryWriteBytes(message[8..], out _);
        message[NeighborView.HeaderLength] = TargetLinkLayerOption;
        message[NeighborView.HeaderLength + 1] = 1;
        entry.Mac.WriteTo(message[(NeighborView.HeaderLength + 2)..]);
        uint flags = (uint)(SolicitedFlag | OverrideFlag | (entry.IsRouter ? RouterFlag : 0)) << 24;
        uint seed = InternetChecksum.PseudoHeaderSum(asked.Target, asked.Sender, IpProtocol.IcmpV6, AdvertisementLength);
        new IcmpHeader(IcmpType.NeighborAdvertisement, 0, flags).WriteTo(message, seed);
        return DiscoveryLength;
    }
}
