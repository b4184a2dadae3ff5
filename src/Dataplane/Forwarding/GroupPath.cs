using Overlay.Encap;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Forwarding;

/// <summary>The way to a multicast group: what is sent to it leaves by one device, whatever the routes say. Immutable but for the device's index, which changes when the device is made again.</summary>
/// <param name="group">The group, its device and TTL.</param>
/// <param name="source">The outer source address, which the sending sockets are bound to.</param>
/// <param name="encap">The encapsulation that is sent.</param>
/// <param name="port">The outer UDP destination port, 1–65535.</param>
public sealed class GroupPath(FloodGroup group, UnderlayAddress source, EncapKind encap, ushort port)
{
    private int _interfaceIndex;

    /// <summary>The group, its device and TTL.</summary>
    public FloodGroup Group { get; } = group;

    /// <summary>The outer source address.</summary>
    public UnderlayAddress Source { get; } = source;

    /// <summary>The encapsulation that is sent.</summary>
    public EncapKind Encap { get; } = encap;

    /// <summary>The outer UDP destination port.</summary>
    public ushort Port { get; } = port;

    /// <summary>The index of the device; 0 while there is none: nothing is sent then. Written by whoever follows the devices, read by workers.</summary>
    public int InterfaceIndex
    {
        get => Volatile.Read(ref _interfaceIndex);
        internal set => Volatile.Write(ref _interfaceIndex, value);
    }
}
