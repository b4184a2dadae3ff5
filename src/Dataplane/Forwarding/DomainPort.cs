using Overlay.Dataplane.Ports;
using Overlay.Dataplane.Storm;
using Overlay.Encap.Ethernet;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Forwarding;

/// <summary>A port's place in one VNI: which frames it takes and with which tag. Immutable, but for the reference to its domain, which is set while the tables are built.</summary>
public sealed class DomainPort
{
    internal DomainPort(Port port, ushort vid, bool carriesTags, TemplateSet templates, StormMeter storm)
    {
        Storm = storm;
        Port = port;
        Vid = vid;
        CarriesTags = carriesTags;
        Templates = templates;
        Target = FdbTarget.ToPort(port.Id);
    }

    /// <summary>The port.</summary>
    public Port Port { get; }

    /// <summary>The VLAN id pushed on frames to the port, 1–4094; 0 for none.</summary>
    public ushort Vid { get; }

    /// <summary>The tag pushed on frames to the port, where <see cref="Vid"/> is not 0: of the type that selects on it.</summary>
    public VlanTag Tag => new(Port.Spec.TagType, Vid);

    /// <summary>
    /// Frames that are tagged inside the VNI may leave by the port: always where a tag is pushed on top, on transparent ports, and in transparent VNIs on access
    /// ports. On a trunk's native VNI they may not: the tag would name another VNI there.
    /// </summary>
    public bool CarriesTags { get; }

    /// <summary>Tunnel headers for frames from the port into the VNI.</summary>
    public TemplateSet Templates { get; }

    /// <summary>What limits how much of the port's frames the VNI floods. It outlives a change of topology.</summary>
    public StormMeter Storm { get; }

    /// <summary>The port as an FDB target.</summary>
    public FdbTarget Target { get; }

    /// <summary>The VNI. Set once, before the tables are published.</summary>
    public BridgeDomain Domain { get; internal set; } = null!;

    /// <summary>True if a frame of the VNI with this type field behind its source may leave by the port.</summary>
    internal bool Takes(ushort type) => CarriesTags || !EtherType.IsVlanTag(type);

    internal static bool MayCarryTags(PortMode mode, ushort vid, VniSpec vni) =>
        mode switch
        {
            PortMode.Transparent => true,
            PortMode.Trunk => vid != 0,
            _ => vni.Transparent,
        };
}
