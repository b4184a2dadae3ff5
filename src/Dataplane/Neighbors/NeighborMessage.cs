using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Ip;

namespace Overlay.Dataplane.Neighbors;

/// <summary>
/// What an ARP packet or a neighbour discovery message says and asks, after every check that RFC 826, RFC 4861 §7.1 and RFC 9161 §3.2–3.3 want before it is believed or answered.
/// Total: whatever the octets are, at worst it says and asks nothing, and the frame goes its way.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>It <b>says</b> something (a binding to learn) if it is ARP with a sender address, or a neighbour advertisement that overrides; and the MAC it claims is the source of the frame.
/// A solicitation says nothing: it does not tell whether its sender is a router (RFC 9161 §3.2).</item>
/// <item>It <b>asks</b> something (a question that may be answered for the target) if it is an ARP request to a group address, or a solicitation to the target's solicited-node group whose
/// only option is the sender's MAC: an option that we do not know is for the target to judge.</item>
/// <item>Who asks a host by its own MAC wants to know whether it is there; a probe (sender 0.0.0.0, or ::) whether anybody else has the address; an announcement and an unsolicited
/// advertisement ask nothing. All of them go their way.</item>
/// </list>
/// </remarks>
internal readonly struct NeighborMessage
{
    private const int EthernetLength = EthernetHeader.Length;
    private const int NextHeaderOffset = EthernetLength + 6;
    private const int HopLimitOfNeighbors = 255;
    private const int SourceLinkLayerOption = 1;

    private NeighborMessage(bool isIPv6, bool says, bool asks, bool isRouter, in UnderlayAddress sender, in UnderlayAddress target, MacAddress mac)
    {
        IsIPv6 = isIPv6;
        Says = says;
        Asks = asks;
        IsRouter = isRouter;
        Sender = sender;
        Target = target;
        Mac = mac;
    }

    /// <summary>Neighbour discovery; else ARP.</summary>
    internal bool IsIPv6 { get; }

    /// <summary><see cref="Mac"/> says that it has <see cref="Sender"/>.</summary>
    internal bool Says { get; }

    /// <summary><see cref="Sender"/> at <see cref="Mac"/> asks for the MAC of <see cref="Target"/>.</summary>
    internal bool Asks { get; }

    /// <summary>With <see cref="Says"/>: it is a router.</summary>
    internal bool IsRouter { get; }

    /// <summary>Who says or asks.</summary>
    internal UnderlayAddress Sender { get; }

    /// <summary>What is asked for.</summary>
    internal UnderlayAddress Target { get; }

    /// <summary>The source MAC of the frame.</summary>
    internal MacAddress Mac { get; }

    /// <summary>
    /// True if a frame may be one: two compares for all others. A frame that is tagged inside its VNI is not: two VLANs may use one address for two hosts.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool MayBe(ReadOnlySpan<byte> frame)
    {
        if (frame.Length <= NextHeaderOffset)
            return false;

        ushort type = BinaryPrimitives.ReadUInt16BigEndian(frame[12..]);
        return type == EtherType.Arp || (type == EtherType.IPv6 && frame[NextHeaderOffset] == IpProtocol.IcmpV6);
    }

    /// <summary>Reads a frame of which <see cref="MayBe"/> is true.</summary>
    /// <param name="frame">From the destination MAC on.</param>
    /// <returns>Something that neither says nor asks, if the frame is nothing to us.</returns>
    internal static NeighborMessage Read(ReadOnlySpan<byte> frame)
    {
        ReadOnlySpan<byte> payload = frame[EthernetLength..];
        MacAddress destination = MacAddress.Read(frame);
        MacAddress source = MacAddress.Read(frame[MacAddress.Length..]);
        return BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) == EtherType.Arp
            ? ReadArp(payload, destination, source)
            : ReadDiscovery(payload, destination, source);
    }

    private static NeighborMessage ReadArp(ReadOnlySpan<byte> payload, MacAddress destination, MacAddress source)
    {
        if (ArpView.Parse(payload, out ArpView arp) != ParseStatus.Ok || arp.SenderMac != source || !IsHost(arp.SenderAddress))
            return default;

        bool asks = arp.IsRequest && destination.IsMulticast && !arp.IsGratuitous && IsHost(arp.TargetAddress);
        bool says = arp.Operation is ArpHeader.Request or ArpHeader.Reply;
        return new NeighborMessage(false, says, asks, false, arp.SenderAddress, arp.TargetAddress, source);
    }

    private static NeighborMessage ReadDiscovery(ReadOnlySpan<byte> payload, MacAddress destination, MacAddress source)
    {
        if (IPv6View.Parse(payload, out IPv6View ip) != ParseStatus.Ok || ip.UpperOffset != IPv6View.HeaderLength || ip.HopLimit != HopLimitOfNeighbors
            || NeighborView.Parse(ip.Upper, out NeighborView message) != ParseStatus.Ok || !IsHost6(ip.Source) || !IsHost6(message.Target))
        {
            return default;
        }

        uint seed = InternetChecksum.PseudoHeaderSum(ip.Addresses[..16], ip.Addresses[16..], IpProtocol.IcmpV6, ip.Upper.Length);
        if (!InternetChecksum.IsValid(ip.Upper, seed) || !message.TryGetLinkLayerAddress(out MacAddress claimed) || claimed != source)
            return default;

        if (message.IsSolicitation)
        {
            // Its only option is the sender's MAC: eight octets behind the target.
            bool isPlain = ip.Upper.Length == NeighborView.HeaderLength + 8 && ip.Upper[NeighborView.HeaderLength] == SourceLinkLayerOption;
            bool asks = isPlain && destination.IsMulticast && IsSolicitedNodeOf(ip.Destination, message.Target);
            return new NeighborMessage(true, false, asks, false, ip.Source, message.Target, source);
        }

        // Without O it is an anycast address or somebody's proxy, who may not be the only one (RFC 4861 §7.2.7); S to a group is forbidden (§7.1.2).
        bool says = message.Override && !(message.Solicited && ip.Destination.IsMulticast);
        return new NeighborMessage(true, says, false, message.Router, message.Target, default, source);
    }

    private static bool IsHost(in UnderlayAddress address) => address.IsUnicast && !address.IsLoopback && !(address.IsIPv4 && address.IPv4Value >> 24 == 0);

    // A v4-mapped address in a message of IPv6 reads as the IPv4 address: it is nobody's.
    private static bool IsHost6(in UnderlayAddress address) => address.IsIPv6 && IsHost(address);

    // ff02::1:ff00:0/104 and the last 24 bits of the target (RFC 4291 §2.7.1).
    private static bool IsSolicitedNodeOf(in UnderlayAddress group, in UnderlayAddress target) =>
        group.Hi == 0xFF02_0000_0000_0000 && group.Lo == (0x0000_0001_FF00_0000 | (target.Lo & 0xFF_FFFF));
}
