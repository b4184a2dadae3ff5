using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Geneve;
using Overlay.Encap.Vxlan;

namespace Overlay.Capture.Dissection;

/// <summary>
/// Fills a layer from its tunnel header. The verdict is <see cref="TunnelJudge"/>'s; the views only add the words. True when there
/// is a payload to look into: its type and its octets.
/// </summary>
internal static class TunnelHeaderReader
{
    private static readonly TunnelJudgeOptions VxlanOptions = new(GeneveOptionRegistry.Empty, Gbp: true, Gpe: GpeHandling.Ignore);
    private static readonly TunnelJudgeOptions GpeOptions = new(GeneveOptionRegistry.Empty, Gpe: GpeHandling.Accept, AcceptL3: true);
    private static readonly TunnelJudgeOptions GeneveOptions = new(GeneveOptionRegistry.Empty, AcceptL3: true);

    public static bool ReadVxlan(ReadOnlySpan<byte> payload, bool gpe, TunnelLayer layer, out ushort type, out ReadOnlySpan<byte> inner)
    {
        TunnelJudgeOptions options = gpe ? GpeOptions : VxlanOptions;
        ParseStatus status = TunnelJudge.JudgeVxlan(payload, in options, out TunnelInfo info);
        type = info.ProtocolType;
        inner = default;
        if (status == ParseStatus.OuterTruncated)
        {
            layer.Note(TunnelNote.ShortHeader, TunnelVerdict.Drop);
            return false;
        }

        _ = VxlanView.Parse(payload, new VxlanParseOptions(Gbp: options.Gbp, Gpe: options.Gpe), out VxlanView view);
        layer.Vni = view.Vni;
        layer.Flags = gpe ? (ushort)((ushort)view.Flags >> 8) : (ushort)view.Flags;
        layer.NextProtocol = gpe && view.GpePresent ? view.GpeNextProtocol : null;
        if (!gpe && view.GbpPresent)
        {
            layer.HasGbp = true;
            layer.GbpPolicyId = view.GbpPolicyId;
            layer.GbpApplied = view.GbpPolicyApplied;
            layer.GbpDontLearn = view.GbpDontLearn;
        }

        if (!NoteVxlanStatus(status, in view, layer, payload.Length - VxlanHeader.Length))
        {
            return false;
        }

        if (view.HasReservedBits)
        {
            layer.Note(gpe ? TunnelNote.ReservedGpe : TunnelNote.Reserved);
        }

        if (layer.HasGbp)
        {
            layer.Note(TunnelNote.Gbp);
        }

        inner = view.Inner;
        layer.InnerLength = inner.Length;
        if (status == ParseStatus.InnerTruncated)
        {
            layer.Note(TunnelNote.InnerShort, TunnelVerdict.Drop);
            return false;
        }

        return type == EtherType.TransparentEthernet || IsVersion(type, inner, layer);
    }

    public static bool ReadGeneve(ReadOnlySpan<byte> payload, TunnelLayer layer, out ushort type, out ReadOnlySpan<byte> inner)
    {
        ParseStatus status = TunnelJudge.JudgeGeneve(payload, in GeneveOptions, out TunnelInfo info);
        type = info.ProtocolType;
        inner = default;
        if (payload.Length < GeneveHeader.FixedLength)
        {
            layer.Note(TunnelNote.ShortHeader, TunnelVerdict.Drop);
            return false;
        }

        ParseStatus headerStatus = GeneveView.Parse(payload, out GeneveView view);
        layer.Vni = view.Vni;
        layer.Flags = view.FlagsOctet;
        layer.ProtocolType = view.ProtocolType;
        if (headerStatus != ParseStatus.Ok)
        {
            layer.Note(headerStatus == ParseStatus.GeneveVersion ? TunnelNote.Version : TunnelNote.OptionOverrun, TunnelVerdict.Drop);
            return false;
        }

        if (!ReadOptions(in view, layer))
        {
            layer.Note(TunnelNote.OptionMismatch, TunnelVerdict.Drop);
            return false;
        }

        NoteGeneveOddities(info.Anomalies, layer);
        inner = view.Inner;
        layer.InnerLength = inner.Length;
        if (status == ParseStatus.GeneveOam)
        {
            layer.Note(TunnelNote.Oam, TunnelVerdict.Control);
            return view.ProtocolType == EtherType.TransparentEthernet && inner.Length >= EthernetHeader.Length;
        }

        if (status == ParseStatus.GeneveProtocol || (status == ParseStatus.WrongEncap && !IsCarried(view.ProtocolType)))
        {
            layer.Note(TunnelNote.UnknownProtocol, TunnelVerdict.Drop);
            return false;
        }

        bool readable;
        if (type == EtherType.TransparentEthernet)
        {
            readable = inner.Length >= EthernetHeader.Length;
            if (!readable)
            {
                layer.Note(TunnelNote.InnerShort, TunnelVerdict.Drop);
            }
        }
        else
        {
            readable = IsVersion(type, inner, layer);
            if (readable)
            {
                layer.Note(TunnelNote.L3);
            }
        }

        if (status == ParseStatus.GeneveCriticalUnknown && readable)
        {
            layer.Note(TunnelNote.Critical, TunnelVerdict.Critical);
            if (!view.Critical)
            {
                layer.Note(TunnelNote.CriticalWithoutC);
            }
        }

        return readable;
    }

    private static bool NoteVxlanStatus(ParseStatus status, in VxlanView view, TunnelLayer layer, int innerLength)
    {
        switch (status)
        {
            case ParseStatus.Ok or ParseStatus.InnerTruncated:
                return true;
            case ParseStatus.VxlanGpeOam:
                layer.Note(TunnelNote.GpeOam, TunnelVerdict.Control);
                return false;
            case ParseStatus.VxlanGpeUnsupported when view.GpeVersion != 0:
                layer.Note(TunnelNote.GpeVersion, TunnelVerdict.Drop);
                return false;
            case ParseStatus.VxlanGpeUnsupported when view.GpeNextProtocol == GpeProtocol.Nsh:
                layer.InnerLength = innerLength;
                layer.Note(TunnelNote.GpeNsh, TunnelVerdict.Drop);
                return false;
            case ParseStatus.VxlanGpeUnsupported:
                layer.Note(TunnelNote.GpeUnknown, TunnelVerdict.Drop);
                return false;
            default:
                // Geneve on a VXLAN port: whatever else it is, its I flag is what a VXLAN reader looks at first.
                layer.Note(
                    (view.Flags & VxlanFlags.Vni) == 0 ? TunnelNote.NoVniFlag : TunnelNote.WrongEncap,
                    TunnelVerdict.Drop);
                return false;
        }
    }

    private static bool ReadOptions(in GeneveView view, TunnelLayer layer)
    {
        List<TunnelOption> options = [];
        GeneveOptionEnumerator walk = view.Options.GetEnumerator();
        while (walk.MoveNext())
        {
            GeneveOptionView option = walk.Current;
            options.Add(new TunnelOption(option.Class, option.Type, option.Data.ToArray()));
        }

        layer.Options = options;
        return !walk.IsMalformed;
    }

    private static void NoteGeneveOddities(ParseAnomaly anomalies, TunnelLayer layer)
    {
        if ((anomalies & ParseAnomaly.GeneveReservedBits) != 0)
        {
            layer.Note(TunnelNote.Reserved);
        }

        if ((anomalies & ParseAnomaly.GeneveOptionReservedBits) != 0)
        {
            layer.Note(TunnelNote.OptionReserved);
        }

        if ((anomalies & ParseAnomaly.CBitWithoutCritical) != 0)
        {
            layer.Note(TunnelNote.NeedlessC);
        }
    }

    private static bool IsVersion(ushort type, ReadOnlySpan<byte> inner, TunnelLayer layer)
    {
        layer.InnerType = type;
        if (inner.Length != 0 && inner[0] >> 4 == (type == EtherType.IPv4 ? 4 : 6))
        {
            return true;
        }

        layer.Note(TunnelNote.L3Version, TunnelVerdict.Drop);
        return false;
    }

    private static bool IsCarried(ushort type) => type is EtherType.TransparentEthernet or EtherType.IPv4 or EtherType.IPv6;
}
