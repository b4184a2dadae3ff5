using System.Collections.Immutable;
using Overlay.Encap;

namespace Overlay.Forwarding.Topology;

/// <summary>A VNI as configured. Immutable; compared by value when a reload decides what changed.</summary>
public sealed record VniSpec
{
    /// <summary>The VNI.</summary>
    public required Vni Vni { get; init; }

    /// <summary>Names of the access and transparent ports in it. A trunk port is placed by its own map.</summary>
    public ImmutableArray<string> Ports { get; init; } = [];

    /// <summary>Learn inner source MACs from remote VTEPs: true, false, or null for <c>auto</c> (off where a control plane serves the VNI).</summary>
    public bool? RemoteLearning { get; init; }

    /// <summary>A learned or local entry that is not seen for this long is removed. Zero means never.</summary>
    public TimeSpan Age { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>Learned entries allowed in the VNI.</summary>
    public int LearnLimit { get; init; } = 65_536;

    /// <summary>Learned entries allowed from one remote VTEP.</summary>
    public int VtepLearnLimit { get; init; } = 16_384;

    /// <summary>Moves of a MAC within <see cref="MoveWindow"/> that freeze it; zero never does.</summary>
    public int MoveLimit { get; init; } = 5;

    /// <summary>The time in which moves of a MAC are counted.</summary>
    public TimeSpan MoveWindow { get; init; } = TimeSpan.FromSeconds(180);

    /// <summary>How long a MAC is frozen for the first time; each time that follows without a calm window is twice as long, up to sixteen times.</summary>
    public TimeSpan FreezeTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Unknown unicast handling.</summary>
    public UnknownUnicast UnknownUnicast { get; init; }

    /// <summary>
    /// An unknown unicast destination of a frame from a port is asked for, and the frame waits for the answer; <see cref="UnknownUnicast"/> says what becomes of it when nobody has it or nobody
    /// answers. For VNIs whose control plane answers single questions and is not mirrored.
    /// </summary>
    public bool AsksOnMiss { get; init; }

    /// <summary>The multicast group that BUM frames are sent to; null sends a copy to every peer (head-end replication).</summary>
    public FloodGroup? Group { get; init; }

    /// <summary>Answer ARP from what is known.</summary>
    public bool ArpSuppress { get; init; }

    /// <summary>Answer neighbour discovery from what is known.</summary>
    public bool NdSuppress { get; init; }

    /// <summary>Storm control.</summary>
    public StormLimits Storm { get; init; } = StormLimits.None;

    /// <summary>Outer source prefixes admitted beside the addresses that planes name.</summary>
    public ImmutableArray<UnderlayPrefix> Allow { get; init; } = [];

    /// <summary>The security policy id written on frames of this VNI; null for none.</summary>
    public uint? PolicyId { get; init; }

    /// <summary>Frames must carry the policy id.</summary>
    public bool PolicyRequired { get; init; }

    /// <summary>What happens towards VXLAN peers.</summary>
    public VxlanPolicyAction OnVxlanPeer { get; init; }

    /// <summary>The VNI carries link-local (01:80:c2:00:00:0X) frames too, and tags untouched.</summary>
    public bool Transparent { get; init; }

    /// <summary>Frames from the underlay may leave by the underlay again.</summary>
    public bool Gateway { get; init; }

    /// <inheritdoc/>
    public bool Equals(VniSpec? other) =>
        other is not null && Vni == other.Vni && Ports.SequenceEqual(other.Ports) && RemoteLearning == other.RemoteLearning && Age == other.Age &&
        LearnLimit == other.LearnLimit && VtepLearnLimit == other.VtepLearnLimit && MoveLimit == other.MoveLimit &&
        MoveWindow == other.MoveWindow && FreezeTime == other.FreezeTime && UnknownUnicast == other.UnknownUnicast && AsksOnMiss == other.AsksOnMiss &&
        Group == other.Group && ArpSuppress == other.ArpSuppress && NdSuppress == other.NdSuppress && Storm == other.Storm &&
        Allow.SequenceEqual(other.Allow) && PolicyId == other.PolicyId && PolicyRequired == other.PolicyRequired && OnVxlanPeer == other.OnVxlanPeer &&
        Transparent == other.Transparent && Gateway == other.Gateway;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Vni, Ports.Length, PolicyId);
}
