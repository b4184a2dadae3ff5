using System.Buffers.Binary;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Ip;

namespace Overlay.Capture.Dissection;

/// <summary>
/// Finds every tunnel layer of a frame, a tunnel inside a tunnel included, and judges each alone with <see cref="TunnelJudge"/>, the
/// daemon's own judge. Total: any bytes give layers or none. Stateless and thread-safe. Allocates; not for the fast path.
/// </summary>
public static class TunnelDissector
{
    /// <summary>Layers followed into one frame.</summary>
    public const int MaxDepth = 16;

    /// <summary>
    /// Octets of a frame that are looked at. Longer ones are BIG TCP super-frames, seen on a host's own hook and never on a wire; other
    /// readers stop here too, and the ground truth of such captures was made by one.
    /// </summary>
    public const int MaxFrameLength = 65_535;

    /// <summary>Dissects a captured packet.</summary>
    /// <param name="record">The packet; nothing of it is kept.</param>
    /// <returns>A layer for each tunnel header, outermost first; empty for a frame that carries no tunnel packet.</returns>
    public static IReadOnlyList<TunnelLayer> Dissect(in CaptureRecord record) =>
        Dissect(record.Data.Span, record.LinkType, record.Number, record.IsCut);

    /// <summary>Dissects a frame.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="linkType">Its link type.</param>
    /// <param name="number">Its number, for the result.</param>
    /// <param name="isCut">A snap length cut it.</param>
    public static IReadOnlyList<TunnelLayer> Dissect(ReadOnlySpan<byte> frame, int linkType = LinkType.Ethernet, long number = 1, bool isCut = false)
    {
        frame = frame[..Math.Min(frame.Length, MaxFrameLength)];
        if (!OuterPacket.TryFindNetwork(frame, linkType, out ushort etherType, out ReadOnlySpan<byte> packet))
        {
            return [];
        }

        List<TunnelLayer> layers = [];
        DissectPacket(etherType, packet, layers, number, isCut);
        return layers;
    }

    /// <summary>Dissects a bare UDP payload.</summary>
    /// <param name="payload">From the tunnel header on.</param>
    /// <param name="encap">The encapsulation.</param>
    public static IReadOnlyList<TunnelLayer> DissectPayload(ReadOnlySpan<byte> payload, TunnelEncap encap)
    {
        List<TunnelLayer> layers = [];
        var layer = new TunnelLayer { Frame = 1, Depth = 1, Encap = encap };
        layers.Add(layer);
        DissectTunnel(payload, layer, layers, isCut: false);
        return layers;
    }

    /// <summary>The encapsulation that a UDP destination port announces.</summary>
    /// <param name="port">A destination port.</param>
    public static TunnelEncap EncapOf(ushort port) => port switch
    {
        4789 or 8472 or 14789 => TunnelEncap.Vxlan,
        4790 => TunnelEncap.VxlanGpe,
        6081 => TunnelEncap.Geneve,
        _ => TunnelEncap.None,
    };

    private static void DissectPacket(ushort etherType, ReadOnlySpan<byte> packet, List<TunnelLayer> layers, long number, bool isCut)
    {
        if (layers.Count == MaxDepth
            || !OuterPacket.TryParse(etherType, packet, out OuterPacket outer)
            || outer.Protocol != IpProtocol.Udp
            || outer.IsLaterFragment)
        {
            return;
        }

        // A snap length matters only where it took something that the IP header promises.
        isCut &= outer.IsCut;
        ReadOnlySpan<byte> upper = outer.Upper;
        if (upper.Length < UdpView.HeaderLength)
        {
            // The ports are gone, so this may or may not be ours; a cut frame of its own is shown, an inner packet is the tenant's affair.
            if (layers.Count == 0 && outer.IsCut)
            {
                var unknown = new TunnelLayer { Frame = number };
                unknown.Note(TunnelNote.HeaderIncomplete, isCut ? TunnelVerdict.NotApplicable : TunnelVerdict.Drop);
                layers.Add(unknown);
            }

            return;
        }

        ushort port = BinaryPrimitives.ReadUInt16BigEndian(upper[2..]);
        TunnelEncap encap = EncapOf(port);
        if (encap == TunnelEncap.None)
        {
            return;
        }

        var layer = new TunnelLayer
        {
            Frame = number,
            Depth = layers.Count + 1,
            OuterSource = outer.Source,
            OuterDestination = outer.Destination,
            OuterTos = outer.Tos,
            OuterTtl = outer.Ttl,
            UdpSourcePort = BinaryPrimitives.ReadUInt16BigEndian(upper),
            UdpDestinationPort = port,
            UdpChecksum = BinaryPrimitives.ReadUInt16BigEndian(upper[6..]),
            Encap = encap,
        };
        layers.Add(layer);
        DissectTunnel(JudgeDatagram(in outer, layer, isCut), layer, layers, isCut);
    }

    /// <summary>Judges the lengths and the checksum in front of the tunnel header.</summary>
    private static ReadOnlySpan<byte> JudgeDatagram(in OuterPacket outer, TunnelLayer layer, bool isCut)
    {
        ReadOnlySpan<byte> upper = outer.Upper;
        int length = BinaryPrimitives.ReadUInt16BigEndian(upper[4..]);
        bool complete = true;
        if (outer.IsCut)
        {
            complete = false;
            layer.Note(isCut ? TunnelNote.SnapLength : TunnelNote.ShorterThanIp, isCut ? TunnelVerdict.NotApplicable : TunnelVerdict.Drop);
        }

        if (outer.IsFirstFragment)
        {
            complete = false;
            layer.Note(TunnelNote.FirstFragment, TunnelVerdict.Fragment);
        }
        else if (length < UdpView.HeaderLength || length > outer.ClaimedLength)
        {
            complete = false;
            layer.Note(TunnelNote.UdpLength, TunnelVerdict.Drop);
            length = upper.Length;
        }

        ReadOnlySpan<byte> datagram = upper[..Math.Clamp(length, UdpView.HeaderLength, upper.Length)];
        if (layer.UdpChecksum == 0)
        {
            if (outer.Source.IsIPv6)
            {
                layer.Note(TunnelNote.ZeroChecksumV6);
            }
        }
        else if (complete)
        {
            UnderlayAddress source = outer.Source;
            UnderlayAddress destination = outer.Destination;
            uint seed = InternetChecksum.PseudoHeaderSum(in source, in destination, IpProtocol.Udp, datagram.Length);
            if (!InternetChecksum.IsValid(datagram, seed))
            {
                layer.Note(layer.Encap == TunnelEncap.Geneve ? TunnelNote.BadChecksumGeneve : TunnelNote.BadChecksumVxlan, TunnelVerdict.Drop);
            }
        }

        return datagram[UdpView.HeaderLength..];
    }

    private static void DissectTunnel(ReadOnlySpan<byte> payload, TunnelLayer layer, List<TunnelLayer> layers, bool isCut)
    {
        bool readable = layer.Encap switch
        {
            TunnelEncap.Geneve => TunnelHeaderReader.ReadGeneve(payload, layer, out ushort type, out ReadOnlySpan<byte> inner)
                && ReadInner(type, inner, layer, layers, isCut),
            TunnelEncap.VxlanGpe => TunnelHeaderReader.ReadVxlan(payload, gpe: true, layer, out ushort type, out ReadOnlySpan<byte> inner)
                && ReadInner(type, inner, layer, layers, isCut),
            _ => TunnelHeaderReader.ReadVxlan(payload, gpe: false, layer, out ushort type, out ReadOnlySpan<byte> inner)
                && ReadInner(type, inner, layer, layers, isCut),
        };
        if (!readable && isCut && layer.Verdict == TunnelVerdict.Drop)
        {
            layer.Verdict = TunnelVerdict.NotApplicable;
        }
    }

    private static bool ReadInner(ushort type, ReadOnlySpan<byte> inner, TunnelLayer layer, List<TunnelLayer> layers, bool isCut)
    {
        if (type != EtherType.TransparentEthernet)
        {
            DissectPacket(type, inner, layers, layer.Frame, isCut);
            return true;
        }

        layer.InnerDestination = MacAddress.Read(inner);
        layer.InnerSource = MacAddress.Read(inner[MacAddress.Length..]);
        List<VlanTag> tags = [];
        ushort innerType = BinaryPrimitives.ReadUInt16BigEndian(inner[12..]);
        ReadOnlySpan<byte> rest = inner[EthernetHeader.Length..];
        while (EtherType.IsVlanTag(innerType) && rest.Length >= VlanTag.Length)
        {
            tags.Add(new VlanTag(innerType, BinaryPrimitives.ReadUInt16BigEndian(rest)));
            innerType = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            rest = rest[VlanTag.Length..];
        }

        layer.InnerVlans = tags;
        layer.InnerType = innerType;
        DissectPacket(innerType, rest, layers, layer.Frame, isCut);
        if (layer.Verdict == TunnelVerdict.Drop)
        {
            // Nobody delivers this frame, so what a bridge would say of it is noise.
            return true;
        }

        if (EtherType.IsVlanTag(innerType))
        {
            layer.Note(TunnelNote.InnerTagTruncated);
        }
        else if (tags.Count != 0)
        {
            layer.Note(layer.Encap == TunnelEncap.Vxlan ? TunnelNote.InnerVlanVxlan : TunnelNote.InnerVlan);
        }

        NoteAddresses(layer);
        return true;
    }

    private static void NoteAddresses(TunnelLayer layer)
    {
        if (layer.InnerSource is { IsMulticast: true })
        {
            layer.Note(TunnelNote.GroupSource);
        }

        if (layer.InnerSource is { IsZero: true })
        {
            layer.Note(TunnelNote.ZeroSource);
        }

        if (layer.InnerDestination is { IsLinkLocalReserved: true })
        {
            layer.Note(TunnelNote.LinkLocalDestination);
        }
    }
}
