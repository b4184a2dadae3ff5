namespace Overlay.Forwarding.Topology;

/// <summary>What kind of device a port is.</summary>
public enum PortDeviceKind : byte
{
    /// <summary>A TAP: made if it does not exist.</summary>
    Tap = 0,

    /// <summary>One end of a veth pair that somebody else made.</summary>
    Veth = 1,
}
