namespace Overlay.Dataplane.Forwarding;

/// <summary>What a <see cref="ForwardingDecision"/> says to do.</summary>
public enum ForwardingVerdict : byte
{
    /// <summary>Drop for the decision's reason.</summary>
    Drop = 0,

    /// <summary>Encapsulate to one next hop.</summary>
    NextHop = 1,

    /// <summary>Write to one local port.</summary>
    Port = 2,

    /// <summary>Copy to the flood list and to the other local ports.</summary>
    Flood = 3,

    /// <summary>Ask who has the destination, and hold the frame until somebody says.</summary>
    Miss = 4,
}
