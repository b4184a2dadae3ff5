using Overlay.Encap;
using Overlay.Encap.Probes;

namespace Overlay.Dataplane.Probes;

/// <summary>A frame between VTEPs that is for the daemon and no tenant, on its way from a worker to the control side.</summary>
internal readonly struct ControlFrame
{
    /// <summary>The VNI it came in.</summary>
    internal Vni Vni { get; init; }

    /// <summary>The outer source; admitted to the VNI.</summary>
    internal UnderlayAddress Source { get; init; }

    /// <summary>The encapsulation it came in.</summary>
    internal EncapKind Encap { get; init; }

    /// <summary>The next hop that answers to the source; negative if a prefix admitted it.</summary>
    internal int SourceHop { get; init; }

    /// <summary>When the worker saw it, in ticks of the clock.</summary>
    internal long At { get; init; }

    /// <summary>What it says.</summary>
    internal ProbeFrame Probe { get; init; }
}
