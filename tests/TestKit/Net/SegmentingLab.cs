using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Ports;
using Overlay.Encap;

namespace Overlay.TestKit.Net;

/// <summary>
/// Super-frames put into a network, as a tenant's kernel would: written into a TAP with their virtio-net header, and bridged to whatever else is plugged in. A veth without
/// offloads is plugged in, so that the kernel cuts what leaves there.
/// </summary>
public sealed class SegmentingLab : IDisposable
{
    private readonly TapPort _source;
    private readonly PortTxBatch _batch = new(1);
    private readonly FrameOutcomes _outcomes = new(1);

    /// <summary>Makes the devices: <c>src</c> (the TAP), <c>br0</c>, and <c>cut</c> joined to <c>seen</c> in another namespace.</summary>
    public SegmentingLab(NetLab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        Namespace = lab.AddHost("seg");
        string far = lab.AddHost("far");
        NetLab.SilenceNewDevices(Namespace);
        NetLab.SilenceNewDevices(far);
        NetLab.Ip(Namespace, "link", "add", "br0", "type", "bridge");
        NetLab.Ip(Namespace, "link", "set", "br0", "up");
        NetLab.Join(Namespace, "cut", far, "seen");
        Cmd.Run(Namespace, "ethtool", "-K", "cut", "tx-udp-segmentation", "off");
        NetLab.Ip(Namespace, "link", "set", "cut", "mtu", "9100", "master", "br0");
        NetLab.Ip(far, "link", "set", "seen", "mtu", "9100");
        _source = TapPort.Open(new DeviceOptions { Name = "src", Netns = Namespace, Mtu = 9100, Bridge = "br0" }).Port as TapPort
            ?? throw new IOException("no TAP");
        Seen = lab.Own(new PacketSocket(far, "seen", filter: static frame => frame.AsSpan(6, 6).SequenceEqual(Source)));
    }

    /// <summary>The source MAC of what is put in; other frames are not <see cref="Seen"/>.</summary>
    public static ReadOnlySpan<byte> Source => [0x02, 0, 0, 0, 0, 0x0A];

    /// <summary>The namespace with the bridge <c>br0</c>.</summary>
    public string Namespace { get; }

    /// <summary>What left by the device without offloads.</summary>
    public PacketSocket Seen { get; }

    /// <summary>Puts a super-frame in.</summary>
    public void Put(byte[] frame, VnetHeader vnet)
    {
        ArgumentNullException.ThrowIfNull(frame);
        byte[] slab = GC.AllocateArray<byte>(frame.Length, pinned: true);
        frame.CopyTo(slab, 0);
        _batch.Clear();
        _batch.Slab = slab;
        _ = _batch.Add(new TxFrame { Length = frame.Length, Vnet = vnet });
        _outcomes.Reset(1);
        if (_source.Send(0, _batch, _outcomes) != 1)
            throw new IOException($"the kernel refused the super-frame: {_outcomes.ReasonOf(0)}");
    }

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();
}
