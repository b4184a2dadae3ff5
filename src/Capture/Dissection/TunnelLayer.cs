using Overlay.Encap;
using Overlay.Encap.Ethernet;

namespace Overlay.Capture.Dissection;

/// <summary>
/// One tunnel layer of a frame. A null property is a fact that could not be read. Made on the slow path by <see cref="TunnelDissector"/>;
/// not changed afterwards.
/// </summary>
public sealed class TunnelLayer
{
    /// <summary>Number of the frame in its capture, from 1.</summary>
    public long Frame { get; internal set; }

    /// <summary>1 for the outermost tunnel; 0 when the tunnel header could not be reached.</summary>
    public int Depth { get; internal set; }

    /// <summary>Source address of the datagram.</summary>
    public UnderlayAddress? OuterSource { get; internal set; }

    /// <summary>Destination address of the datagram.</summary>
    public UnderlayAddress? OuterDestination { get; internal set; }

    /// <summary>TOS or traffic class.</summary>
    public byte OuterTos { get; internal set; }

    /// <summary>TTL or hop limit.</summary>
    public byte OuterTtl { get; internal set; }

    /// <summary>UDP source port.</summary>
    public ushort UdpSourcePort { get; internal set; }

    /// <summary>UDP destination port.</summary>
    public ushort UdpDestinationPort { get; internal set; }

    /// <summary>UDP checksum as written.</summary>
    public ushort UdpChecksum { get; internal set; }

    /// <summary>The encapsulation.</summary>
    public TunnelEncap Encap { get; internal set; }

    /// <summary>The segment.</summary>
    public Vni? Vni { get; internal set; }

    /// <summary>VXLAN: the first two octets; GPE: the first; Geneve: the second.</summary>
    public ushort? Flags { get; internal set; }

    /// <summary>The GBP word is present.</summary>
    public bool HasGbp { get; internal set; }

    /// <summary>Group policy id.</summary>
    public ushort GbpPolicyId { get; internal set; }

    /// <summary>GBP A.</summary>
    public bool GbpApplied { get; internal set; }

    /// <summary>GBP D.</summary>
    public bool GbpDontLearn { get; internal set; }

    /// <summary>Geneve protocol type.</summary>
    public ushort? ProtocolType { get; internal set; }

    /// <summary>GPE next protocol.</summary>
    public byte? NextProtocol { get; internal set; }

    /// <summary>Geneve options in front of the first malformed one.</summary>
    public IReadOnlyList<TunnelOption> Options { get; internal set; } = [];

    /// <summary>Inner source MAC.</summary>
    public MacAddress? InnerSource { get; internal set; }

    /// <summary>Inner destination MAC.</summary>
    public MacAddress? InnerDestination { get; internal set; }

    /// <summary>Inner VLAN tags, outermost first.</summary>
    public IReadOnlyList<VlanTag> InnerVlans { get; internal set; } = [];

    /// <summary>Inner EtherType or 802.3 length, or the EtherType of a layer-3 payload.</summary>
    public ushort? InnerType { get; internal set; }

    /// <summary>Octets of the payload.</summary>
    public int? InnerLength { get; internal set; }

    /// <summary>The verdict.</summary>
    public TunnelVerdict Verdict { get; internal set; }

    /// <summary>Why, and what else is worth a look.</summary>
    public IReadOnlyList<string> Notes => NoteList;

    internal List<string> NoteList { get; } = [];

    internal void Note(string note)
    {
        NoteList.Add(note);
    }

    internal void Note(string note, TunnelVerdict verdict)
    {
        NoteList.Add(note);
        if (Verdict is TunnelVerdict.Accept or TunnelVerdict.Control or TunnelVerdict.Critical)
        {
            Verdict = verdict;
        }
    }
}
