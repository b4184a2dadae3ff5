namespace Overlay.Api;

/// <summary>Answer of <c>POST /v1/probe</c>: whether encapsulated frames reach a peer, and come back. Takes up to two seconds where something does not answer.</summary>
public sealed record ProbeResponse
{
    /// <summary>A row for each peer, address and VNI that was probed.</summary>
    public required IReadOnlyList<ProbeInfo> Probes { get; init; }

    /// <summary>VNIs and addresses that were left out, of peers with many.</summary>
    public required int LeftOut { get; init; }

    /// <summary>What the network said while we probed, by the error's name: <c>ECONNREFUSED</c> is an ICMP "port unreachable". Of all peers together.</summary>
    public required IReadOnlyDictionary<string, long> NetworkErrors { get; init; }
}

/// <summary>Probes to one address of a peer in one VNI.</summary>
public sealed record ProbeInfo
{
    /// <summary>The peer.</summary>
    public required string Peer { get; init; }

    /// <summary>The address.</summary>
    public required string Address { get; init; }

    /// <summary>The encapsulation: <c>vxlan</c> or <c>geneve</c>.</summary>
    public required string Encap { get; init; }

    /// <summary>The UDP port.</summary>
    public required int Port { get; init; }

    /// <summary>The VNI.</summary>
    public required int Vni { get; init; }

    /// <summary><c>answered</c>, <c>partly</c>, <c>not_answered</c> or <c>not_sent</c>.</summary>
    public required string State { get; init; }

    /// <summary>Questions that left.</summary>
    public required int Sent { get; init; }

    /// <summary>Answers that came back.</summary>
    public required int Answered { get; init; }

    /// <summary>The shortest round trip in seconds, through both daemons; null without an answer.</summary>
    public double? RttSeconds { get; init; }

    /// <summary>The address that answered, where it is another one than was asked.</summary>
    public string? AnsweredFrom { get; init; }

    /// <summary>Why the question did not leave, as a drop reason; null if it did.</summary>
    public string? Reason { get; init; }

    /// <summary>Frames that ever came from the peer: where there are some, it is there whatever it answers.</summary>
    public required long RxFrames { get; init; }

    /// <summary>What is known of the path MTU, outer IP header included; null if nothing.</summary>
    public int? PathMtu { get; init; }
}
