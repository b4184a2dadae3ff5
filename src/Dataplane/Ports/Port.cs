using Overlay.Dataplane.Diagnostics;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Ports;

/// <summary>
/// A tenant port at run time: what was configured, the device, and what is true of it now. Made and changed by the control side, read by workers.
/// Where it is placed (VNIs, tags) is not here but in <see cref="Forwarding.ForwardingTables"/>.
/// </summary>
public sealed class Port
{
    private ulong _mac;
    private int _mtu;
    private int _deliverMtu;
    private int _isUp;

    /// <summary>Makes a port that is down and has an MTU of 1500.</summary>
    /// <param name="id">Its index.</param>
    /// <param name="spec">What was configured.</param>
    /// <param name="device">The device; the port does not own it.</param>
    /// <param name="mac">The MAC of the device.</param>
    public Port(PortId id, PortSpec spec, IPort device, MacAddress mac)
    {
        Id = id;
        Spec = spec;
        Device = device;
        _mac = mac.Value;
        _mtu = 1500;
        _deliverMtu = 1500;
    }

    /// <summary>Its index.</summary>
    public PortId Id { get; }

    /// <summary>What was configured.</summary>
    public PortSpec Spec { get; }

    /// <summary>The device.</summary>
    public IPort Device { get; }

    /// <summary>
    /// Octets that a frame from the port may have without Ethernet header and without one 802.1Q tag: the device's MTU; where it says <c>auto</c> what the links to its peers allow,
    /// more than the device's where that was lowered because of a path. Setting it sets <see cref="DeliverMtu"/> too.
    /// </summary>
    public int Mtu
    {
        get => Volatile.Read(ref _mtu);
        set => SetLimits(value, value);
    }

    /// <summary>
    /// Octets that a frame to the port may have, as for <see cref="Mtu"/>. More than that where the device's MTU was lowered because of a path: others may still send what our links allow,
    /// and a device takes it.
    /// </summary>
    public int DeliverMtu => Volatile.Read(ref _deliverMtu);

    /// <summary>True if the device takes frames.</summary>
    public bool IsUp
    {
        get => Volatile.Read(ref _isUp) != 0;
        set => Volatile.Write(ref _isUp, value ? 1 : 0);
    }

    /// <summary>
    /// MAC of the device. Changed through <see cref="Forwarding.ForwardingState.SetPortMac"/>, which also tells the domains it is placed in.
    /// </summary>
    public MacAddress Mac
    {
        get => new(Volatile.Read(ref _mac));
        internal set => Volatile.Write(ref _mac, value.Value);
    }

    /// <summary>Frames and octets, column <see cref="Direction.Tx"/> from the port, <see cref="Direction.Rx"/> to it. Set when the port is placed first.</summary>
    public TrafficCounters Traffic { get; internal set; } = new(1);

    /// <summary>Sets what frames from the port and to it may have.</summary>
    internal void SetLimits(int mtu, int deliverMtu)
    {
        Volatile.Write(ref _mtu, mtu);
        Volatile.Write(ref _deliverMtu, deliverMtu);
    }
}
