namespace Overlay.Api;

/// <summary>Answer of <c>GET /v1/vnis</c>.</summary>
public sealed record VnisResponse
{
    /// <summary>The VNIs, ascending.</summary>
    public required IReadOnlyList<VniInfo> Vnis { get; init; }

    /// <summary>Learning in all VNIs.</summary>
    public required LearningInfo Learning { get; init; }
}

/// <summary>A VNI: what it does and how full it is.</summary>
public sealed record VniInfo
{
    /// <summary>The VNI.</summary>
    public required int Vni { get; init; }

    /// <summary>Names of the ports in it, trunk ports included.</summary>
    public required IReadOnlyList<string> Ports { get; init; }

    /// <summary>MACs known in it.</summary>
    public required int FdbEntries { get; init; }

    /// <summary>Those seen on ports, a port's own included.</summary>
    public required int Local { get; init; }

    /// <summary>Those learned from VTEPs.</summary>
    public required int Learned { get; init; }

    /// <summary>Local and learned MACs that count against <see cref="Limit"/>.</summary>
    public required int Counted { get; init; }

    /// <summary>Local and learned MACs allowed.</summary>
    public required int Limit { get; init; }

    /// <summary>MACs allowed from one VTEP.</summary>
    public required int VtepLimit { get; init; }

    /// <summary>Times a MAC was not learned because a limit is reached, as far as the control loop was told.</summary>
    public required long Refused { get; init; }

    /// <summary>Seconds of silence after which a MAC is forgotten; 0 for never.</summary>
    public required double AgeSeconds { get; init; }

    /// <summary>It learns from VTEPs now.</summary>
    public required bool RemoteLearning { get; init; }

    /// <summary>What the configuration says of that: <c>auto</c>, <c>true</c> or <c>false</c>.</summary>
    public required string RemoteLearningMode { get; init; }

    /// <summary>Times the place of a MAC changed.</summary>
    public required long Moves { get; init; }

    /// <summary>MACs frozen because they moved too often.</summary>
    public required int Frozen { get; init; }

    /// <summary><c>head-end</c>: a broadcast goes to each VTEP; <c>multicast</c>: to a group.</summary>
    public required string FloodMode { get; init; }

    /// <summary>VTEPs that a broadcast goes to with <c>head-end</c>.</summary>
    public required int FloodPeers { get; init; }

    /// <summary>The multicast group that it goes to; null with <c>head-end</c>.</summary>
    public string? Group { get; init; }

    /// <summary>The device that the group is joined on and sent by; null with <c>head-end</c>.</summary>
    public string? GroupDevice { get; init; }

    /// <summary>What is sent to the group, <c>vxlan</c> or <c>geneve</c>; null with <c>head-end</c>.</summary>
    public string? GroupEncap { get; init; }

    /// <summary>ARP is answered from what is known.</summary>
    public required bool ArpSuppress { get; init; }

    /// <summary>Neighbour discovery is answered from what is known.</summary>
    public required bool NdSuppress { get; init; }

    /// <summary>Broadcast frames a second that may be flooded of what comes by one way; null: no limit.</summary>
    public int? StormBroadcast { get; init; }

    /// <summary>The same of frames to an unknown unicast destination.</summary>
    public int? StormUnknownUnicast { get; init; }

    /// <summary>The same of multicast frames.</summary>
    public int? StormMulticast { get; init; }

    /// <summary><c>flood</c> or <c>drop</c>.</summary>
    public required string UnknownUnicast { get; init; }

    /// <summary>Outer sources that may send into it by name.</summary>
    public required int AllowedSources { get; init; }

    /// <summary>Prefixes whose sources may.</summary>
    public required IReadOnlyList<string> Allow { get; init; }

    /// <summary>It carries link-local frames and tags.</summary>
    public required bool Transparent { get; init; }

    /// <summary>Frames from the underlay may leave by the underlay.</summary>
    public required bool Gateway { get; init; }
}

/// <summary>What became of MACs that workers saw. All but the first two count from the start.</summary>
public sealed record LearningInfo
{
    /// <summary>Local and learned MACs that limits count.</summary>
    public required int InForce { get; init; }

    /// <summary>As many as the daemon learns.</summary>
    public required int Limit { get; init; }

    /// <summary>Learned that were nowhere before.</summary>
    public required long Learned { get; init; }

    /// <summary>Learned that were elsewhere before.</summary>
    public required long Moved { get; init; }

    /// <summary>Forgotten because they were silent.</summary>
    public required long Aged { get; init; }

    /// <summary>Flushed by an operator.</summary>
    public required long Flushed { get; init; }

    /// <summary>Times a MAC was frozen.</summary>
    public required long Frozen { get; init; }

    /// <summary>Moves that were not damped, because too many MACs move to remember them all.</summary>
    public long Undamped { get; init; }

    /// <summary>Times a limit refused one, by limit: <c>vni</c>, <c>port</c>, <c>vtep</c>, <c>total</c>.</summary>
    public required IReadOnlyDictionary<string, long> RefusedByLimit { get; init; }

    /// <summary>Times one was refused for what it is: <c>static</c>, <c>sticky</c>, <c>frozen</c>, <c>invalid</c>; or seen from a VTEP while something stronger has it: <c>yielded</c>.</summary>
    public required IReadOnlyDictionary<string, long> RefusedByRule { get; init; }
}
