using System.Buffers.Binary;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Geneve;
using Overlay.Encap.Ip;
using Overlay.Encap.Vxlan;

namespace Overlay.Dataplane.Underlay;

/// <summary>
/// Tells two messages apart for which the kernel gives the same segment size: a train of datagrams that it joined (UDP_GRO), and <em>one</em> tunnel datagram with an
/// inner UDP super-frame that no device on the way has cut, because the peer is a kernel's tunnel device and the wire a veth or a virtual one. The size is then the
/// inner one, and what lies at its multiples is the tenant's data: cut there, a tenant could write tunnel headers of any VNI.
/// </summary>
internal static class UncutSuperFrame
{
    private const int GeneveOptionsMask = 0x3F;

    /// <summary>True if the message is one datagram, whatever its segment size says: the inner packet says of itself that it is as long as the whole message.</summary>
    /// <param name="message">The octets of a message with a segment size that is shorter than it. Any octets.</param>
    /// <param name="encap">What the socket speaks.</param>
    internal static bool IsOne(ReadOnlySpan<byte> message, EncapKind encap)
    {
        int inner = encap == EncapKind.Vxlan ? VxlanHeader.Length
            : message.IsEmpty ? 0
            : GeneveHeader.FixedLength + ((message[0] & GeneveOptionsMask) << 2);
        if (message.Length < inner || EthernetView.Parse(message[inner..], out EthernetView ethernet) != ParseStatus.Ok)
            return false;

        int ip = inner + ethernet.PayloadOffset;
        ReadOnlySpan<byte> packet = message[ip..];
        return ethernet.EtherType switch
        {
            EtherType.IPv4 when packet.Length >= IPv4View.MinHeaderLength => BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) == packet.Length,
            EtherType.IPv6 when packet.Length >= IPv6View.HeaderLength => BinaryPrimitives.ReadUInt16BigEndian(packet[4..]) == packet.Length - IPv6View.HeaderLength,
            _ => false,
        };
    }
}
