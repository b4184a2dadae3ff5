using System.Buffers.Binary;
using Overlay.Dataplane.Pipeline.Offload;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Ip;

namespace Overlay.Dataplane.Pipeline;

/// <summary>
/// Tells the sender of an inner packet that does not fit what would: ICMP "fragmentation needed" (RFC 792, RFC 1191 §4) or ICMPv6 "packet too big" (RFC 4443 §3.2).
/// </summary>
/// <remarks>
/// A bridge has no address in its tenant's network, so the message comes from where the packet was going: the IP destination as source, and the destination's MAC. That is what the kernel's
/// tunnel devices do; the sender takes it as it would take one from a router on the way, and nobody else ever sees it. Not told are senders of packets that may be fragmented (IPv4 without
/// DF: no such error exists for them), of multicast, of ICMP errors, of fragments other than the first (RFC 1122 §3.2.2, RFC 4443 §2.4), and of IPv6 where even 1,280 octets do not fit.
/// </remarks>
internal static class TooBigReply
{
    private const int IPv4MaxLength = 576;
    private const int IPv6MaxLength = 1280;
    private const int IPv4MinMtu = 68;
    private const int Unreachable = IcmpType.Unreachable;
    private const byte InternetworkControl = 0xC0;
    private const int FirstInformationalType = 128;

    /// <summary>Writes the message as a whole frame, with the tags that the packet's frame has.</summary>
    /// <param name="reply">At least <see cref="Egress.MaxReplyLength"/> octets.</param>
    /// <param name="frame">The frame that is too long.</param>
    /// <param name="super">What its segments are, if it is a super-frame: the first one is quoted.</param>
    /// <param name="limit">Octets of a frame with these tags that fits.</param>
    /// <returns>Octets written; 0 if its sender is not to be told.</returns>
    internal static int Write(Span<byte> reply, ReadOnlySpan<byte> frame, in SuperFrame super, int limit)
    {
        if (EthernetView.Parse(frame, out EthernetView view) != ParseStatus.Ok || view.Destination.IsMulticast || view.Source.IsMulticast || view.Source.IsZero || view.TagCount > 2)
            return 0;

        int ip = view.PayloadOffset;
        int mtu = limit - ip;
        int segment = super.Segments > 1 ? super.SegmentLength - ip : 0;
        int length = view.EtherType switch
        {
            EtherType.IPv4 => WriteV4(reply[ip..], frame[ip..], segment, mtu),
            EtherType.IPv6 => WriteV6(reply[ip..], frame[ip..], segment, mtu),
            _ => 0,
        };
        if (length == 0)
            return 0;

        frame[..ip].CopyTo(reply);
        view.Source.WriteTo(reply);
        view.Destination.WriteTo(reply[MacAddress.Length..]);
        return ip + length;
    }

    private static int WriteV4(Span<byte> reply, ReadOnlySpan<byte> packet, int segment, int mtu)
    {
        if (mtu < IPv4MinMtu || IPv4View.Parse(packet, out IPv4View view) != ParseStatus.Ok || !view.DontFragment || view.FragmentOffset != 0
            || !IsHost(view.Source) || !IsHost(view.Destination) || !InternetChecksum.IsValid(packet[..view.HeaderLength]))
        {
            return 0;
        }

        if (view.Protocol == IpProtocol.Icmp && packet.Length > view.HeaderLength && IsErrorV4(packet[view.HeaderLength]))
            return 0;

        int quoted = Math.Min(segment > 0 ? segment : view.TotalLength, IPv4MaxLength - IPv4Header.Length - IcmpHeader.Length);
        Span<byte> message = reply.Slice(IPv4Header.Length, IcmpHeader.Length + quoted);
        Span<byte> quote = message[IcmpHeader.Length..];
        packet[..quoted].CopyTo(quote);
        if (segment > 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(quote[2..], (ushort)segment);
            BinaryPrimitives.WriteUInt16BigEndian(quote[10..], 0);
            BinaryPrimitives.WriteUInt16BigEndian(quote[10..], InternetChecksum.Compute(quote[..view.HeaderLength]));
        }

        new IcmpHeader(Unreachable, IcmpType.FragmentationNeededCode, (uint)Math.Min(mtu, ushort.MaxValue)).WriteTo(message);
        new IPv4Header(view.Destination, view.Source, IpProtocol.Icmp, message.Length, Tos: InternetworkControl).WriteTo(reply);
        return IPv4Header.Length + message.Length;
    }

    private static int WriteV6(Span<byte> reply, ReadOnlySpan<byte> packet, int segment, int mtu)
    {
        if (mtu < IPv6MaxLength || IPv6View.Parse(packet, out IPv6View view) != ParseStatus.Ok || view.FragmentOffset != 0 || !IsHost(view.Source) || !IsHost(view.Destination))
            return 0;

        if (view.HasUpperLayer && view.Protocol == IpProtocol.IcmpV6 && (view.Upper.IsEmpty || view.Upper[0] < FirstInformationalType))
            return 0;

        int whole = IPv6Header.Length + view.PayloadLength;
        int quoted = Math.Min(segment > 0 ? segment : whole, IPv6MaxLength - IPv6Header.Length - IcmpHeader.Length);
        Span<byte> message = reply.Slice(IPv6Header.Length, IcmpHeader.Length + quoted);
        Span<byte> quote = message[IcmpHeader.Length..];
        packet[..quoted].CopyTo(quote);
        if (segment > 0)
            BinaryPrimitives.WriteUInt16BigEndian(quote[4..], (ushort)(segment - IPv6Header.Length));

        // From and to, as the checksum covers them: the packet's, in reverse.
        uint seed = InternetChecksum.PseudoHeaderSum(view.Addresses[16..], view.Addresses[..16], IpProtocol.IcmpV6, message.Length);
        new IcmpHeader(IcmpType.V6PacketTooBig, 0, (uint)mtu).WriteTo(message, seed);
        new IPv6Header(view.Destination, view.Source, IpProtocol.IcmpV6, message.Length, TrafficClass: InternetworkControl).WriteTo(reply);
        return IPv6Header.Length + message.Length;
    }

    private static bool IsHost(in UnderlayAddress address) => address.IsUnicast && !address.IsLoopback && !(address.IsIPv4 && address.IPv4Value >> 24 == 0);

    // Unreachable, source quench, redirect, time exceeded, parameter problem.
    private static bool IsErrorV4(byte type) => type is Unreachable or 4 or 5 or 11 or 12;
}
