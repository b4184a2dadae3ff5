using System.Collections.Immutable;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Pipeline;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.Encap.Ethernet;

namespace Overlay.Dataplane.Ports;

/// <summary>
/// One end of a veth pair that somebody else made and removes; the tenant has the other end. A packet socket takes what the tenant sends and gives it what is for
/// it, in batches, with a virtio-net header both ways: super-frames and unfinished checksums pass as through a TAP.
/// </summary>
/// <remarks>
/// <para>The device's own MTU is raised to the port's where it is less, and never lowered: the kernel would drop a tenant's frame that is too long for our end before anybody
/// could say so. <see cref="ReadMtu"/> is the port's. A port with service tags has room for one more: a packet socket forgives a tag of type 0x8100 only, the tenant's end any.</para>
/// <para>A frame that a tenant's own tunnel device left for the hardware to cut (UDP or GRE tunnel offload) has no virtio-net header: the kernel drops it, and it is counted
/// with <see cref="ReadQueueDrops"/>.</para>
/// <b>Threading:</b> as <see cref="IPortDevice"/> says.
/// </remarks>
public sealed class VethPort : IPortDevice
{
    // What waits for us in the kernel, which counts double: some two hundred super-frames, what four TCP streams have on their way, or twenty thousand short frames.
    // Half of it costs those streams thousands of retransmissions; more of it is only latency.
    private const int ReceiveBuffer = 8 << 20;

    // The device takes a frame at once; this bounds what may wait for a tenant that is not scheduled.
    private const int SendBuffer = 4 << 20;

    private const int MaxMtu = 65_535;
    private const int RingSize = 16;
    private const int CacheLine = 64;
    private const int FrameSize = PacketPool.MaxFrameLength - VlanTag.Length;
    private const int Stride = ((PacketPool.MaxFrameLength + CacheLine - 1) & -CacheLine) + PacketPool.Headroom;

    // Shorter frames are moved together, so that a batch of them is as many as a batch takes; longer ones stay where the kernel put them.
    private const int MovedLength = 2048;

    private readonly FileDescriptor _socket;
    private readonly InterfaceControl _control;
    private readonly PacketReceiveRing _ring = new(RingSize);
    private int _closed;
    private int _hasCarrier = 1;
    private int _mtu = int.MaxValue;
    private int _tagRoom;
    private long _refused;
    private long _overflowed;

    private VethPort(string name, int index, FileDescriptor socket, InterfaceControl control)
    {
        Name = name;
        Index = index;
        _socket = socket;
        _control = control;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int Index { get; }

    /// <summary>True: the device is never ours.</summary>
    public bool Existed => true;

    /// <inheritdoc/>
    public MacAddress Mac { get; private set; }

    /// <inheritdoc/>
    public bool IsClosed => Volatile.Read(ref _closed) != 0;

    /// <inheritdoc/>
    public int QueueCount => 1;

    /// <summary>Opens a veth end. Not on a fast path; may start a thread (namespaces).</summary>
    /// <param name="options">What it should be like: one queue, no bridge.</param>
    /// <param name="touchExisting">False leaves the device as it is; <see cref="Reconfigure"/> makes it as asked for.</param>
    public static DeviceOpenResult Open(DeviceOptions options, bool touchExisting = true)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!DeviceOptions.IsValidName(options.Name))
            return Failed($"'{options.Name}' is not a device name: 1 to 15 printable characters without blank, '/', ':' and '%'");
        if (options.Queues != 1)
            return Failed($"veth '{options.Name}': queues: a veth end has one");
        if (options.Bridge is not null)
            return Failed($"veth '{options.Name}': bridge: a veth end that is a port cannot be in a bridge, which would forward its frames too");
        DeviceOpenResult? result = NetworkNamespace.Run(options.Netns, () => OpenHere(options, touchExisting), out string? error);
        return error is null ? result! : Failed($"veth '{options.Name}': {error}");
    }

    /// <inheritdoc/>
    public int PollDescriptor(int queue) => _socket.Value;

    /// <inheritdoc/>
    public PortReceiveStatus Receive(int queue, PacketBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        batch.Clear();
        int refused = 0;
        while (batch.HasRoom && refused < batch.Size)
        {
            // A tag that the kernel took out goes back in front of the frame.
            int first = batch.NextOffset + VlanTag.Length;
            int room = batch.Places(Stride);
            int wanted = Math.Min(Math.Min(room, RingSize), batch.Size - batch.Count);
            int received = _ring.Receive(_socket.Value, batch.Slab, first, Stride, FrameSize, wanted);
            if (received < 0)
            {
                if (received != -Errno.Invalid)
                    return Judge(received);
                refused++;
                _ = Interlocked.Increment(ref _refused);
                continue;
            }

            for (int i = 0; i < received; i++)
                Take(i, first + (i * Stride), batch);
            if (received < wanted)
                return PortReceiveStatus.Drained;
        }

        return PortReceiveStatus.More;
    }

    /// <inheritdoc/>
    public int Send(int queue, PortTxBatch batch, FrameOutcomes outcomes)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(outcomes);
        PacketSendRing ring = PacketSendRing.Current;
        int sent = 0;
        for (int first = 0; first < batch.Count;)
        {
            int count = ring.Fill(batch, first);
            if (count == 0)
                batch.MarkDropped(first++, outcomes, DropReason.InternalError);
            sent += SendRun(ring, batch, first, count, outcomes);
            first += count;
        }

        return sent;
    }

    /// <inheritdoc/>
    public string? SetMtu(int mtu)
    {
        int device = _control.Mtu(Name);
        int wanted = Math.Min(mtu + _tagRoom, MaxMtu);
        int result = device >= wanted ? 0 : _control.SetMtu(Name, wanted);
        _mtu = mtu;
        return result >= 0 ? null : $"veth '{Name}': cannot set MTU {wanted}: {Errno.Describe(result)}; it has {device}";
    }

    /// <inheritdoc/>
    public ImmutableArray<string> Reconfigure(DeviceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var warnings = ImmutableArray.CreateBuilder<string>();
        if (options.Mac is MacAddress wanted && ReadMac() is MacAddress mac && mac != wanted)
        {
            int result = _control.SetMac(Name, wanted);
            if (result < 0)
                warnings.Add($"veth '{Name}': cannot set MAC {wanted}: {Errno.Describe(result)}; it has {mac}");
        }

        bool hasOther = options.HasServiceTags != (_tagRoom != 0);
        _tagRoom = options.HasServiceTags ? VlanTag.Length : 0;
        if ((options.Mtu ?? (hasOther && _mtu != int.MaxValue ? _mtu : null)) is int mtu && SetMtu(mtu) is string problem)
            warnings.Add(problem);
        if (_control.IsUp(Name) == 0)
        {
            int result = _control.SetUp(Name);
            if (result < 0)
                warnings.Add($"veth '{Name}': cannot be set up: {Errno.Describe(result)}; run: ip link set {Name} up");
        }

        Mac = ReadMac() ?? Mac;
        return warnings.ToImmutable();
    }

    /// <summary>What the port takes: the MTU it was given, or the device's where that is less; 0 if the device is gone.</summary>
    public int ReadMtu() => Math.Min(_mtu, Math.Max(_control.Mtu(Name), 0));

    /// <inheritdoc/>
    public MacAddress? ReadMac() => _control.Mac(Name, out MacAddress mac) < 0 ? null : mac;

    /// <summary>Whether the device is there and both ends are up.</summary>
    public bool ReadIsUp()
    {
        if (IsGone())
            return false;
        bool isRunning = _control.IsRunning(Name) > 0;
        Volatile.Write(ref _hasCarrier, isRunning ? 1 : 0);
        return isRunning;
    }

    /// <summary>False: a veth end that has one is no port.</summary>
    public bool ReadHasMaster() => false;

    /// <summary>
    /// Frames that the kernel dropped because the socket's receive buffer was full, or because it could not describe them to us, since the port was opened. One caller at a time.
    /// </summary>
    public long? ReadQueueDrops()
    {
        _overflowed += PacketDevice.TakeDrops(_socket.Value);
        return _overflowed + Volatile.Read(ref _refused);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Volatile.Write(ref _closed, 1);
        _socket.Dispose();
        _control.Dispose();
    }

    private static DeviceOpenResult Failed(string error) => new(null, error, []);

    private static DeviceOpenResult OpenHere(DeviceOptions options, bool touchExisting)
    {
        string name = options.Name;
        int result = InterfaceControl.TryOpen(out InterfaceControl? control);
        if (control is null)
            return Failed($"veth '{name}': {Errno.Describe(result)}");
        int index = control.Index(name);
        string? error = index <= 0 ? "no such device; a veth pair is made by: ip link add " + name + " type veth peer name TENANT" : Unfit(name, index);
        result = error is null ? PacketDevice.Open(index, ReceiveBuffer, SendBuffer) : 0;
        if (result < 0)
            error = result == -Errno.Perm ? "operation not permitted (CAP_NET_RAW is missing)" : Errno.Describe(result);
        if (error is not null)
        {
            control.Dispose();
            return Failed($"veth '{name}': {error}");
        }

        _ = control.Mac(name, out MacAddress mac);
        var port = new VethPort(name, index, new FileDescriptor(result), control) { Mac = mac };
        ImmutableArray<string> warnings = VethStack.FindWarnings(name, control);
        return new DeviceOpenResult(port, null, touchExisting ? warnings.AddRange(port.Reconfigure(options)) : warnings);
    }

    private static string? Unfit(string name, int index) => LinkLookup.Find(index) switch
    {
        null => "the kernel does not say what kind of device it is",
        { DeviceKind: not "veth" } link => $"is no veth end but {link.DeviceKind ?? "a device of another kind"}; a TAP is configured as tap: {name}",
        { Master: not 0 } => $"belongs to a bridge or bond, which would forward its frames too; run: ip link set {name} nomaster",
        _ => null,
    };

    private void Take(int message, int offset, PacketBatch batch)
    {
        int length = _ring.LengthOf(message);
        if (length < 0)
        {
            _ = Interlocked.Increment(ref _refused);
            return;
        }

        _ = VnetHeader.Parse(batch.Slab.AsSpan(offset - VnetHeader.Length, VnetHeader.Length), out VnetHeader vnet);
        if (_ring.TryGetTag(message, out ushort type, out ushort tci) && length >= EthernetHeader.Length)
        {
            VlanTags.Push(batch.Slab, offset, new VlanTag(type, tci));
            offset -= VlanTag.Length;
            length += VlanTag.Length;
            vnet = Shifted(in vnet);
        }

        if (length <= MovedLength && offset - batch.NextOffset > VlanTag.Length)
        {
            batch.Slab.AsSpan(offset, length).CopyTo(batch.Slab.AsSpan(batch.NextOffset));
            offset = batch.NextOffset;
        }

        batch.AppendAt(offset, length, in vnet);
    }

    // The kernel counts from where the frame began without its tag.
    private static VnetHeader Shifted(in VnetHeader vnet) => vnet with
    {
        CsumStart = vnet.NeedsCsum ? (ushort)(vnet.CsumStart + VlanTag.Length) : vnet.CsumStart,
        HdrLen = vnet.HdrLen == 0 ? vnet.HdrLen : (ushort)(vnet.HdrLen + VlanTag.Length),
    };

    private int SendRun(PacketSendRing ring, PortTxBatch batch, int first, int count, FrameOutcomes outcomes)
    {
        int descriptor = _socket.Value;
        int sent = 0;
        int earlier = 0;
        for (int done = 0; done < count;)
        {
            int result = ring.Send(descriptor, done, count);
            if (result > 0)
            {
                for (int i = done; i < done + result; i++)
                    batch.MarkDelivered(first + i, outcomes);
                done += result;
                sent += result;

                // What the error was about was not this frame, but one that could not be received.
                if (earlier == -Errno.Invalid)
                    _ = Interlocked.Increment(ref _refused);
                earlier = 0;
            }
            else if (earlier == 0 && result is -Errno.NetworkDown or -Errno.Invalid)
            {
                // A pending error of the socket (the device was down a while ago) is told to whoever calls next; only a second refusal is about this frame.
                earlier = result;
            }
            else
            {
                batch.MarkDropped(first + done, outcomes, Refusal(result, in batch.Frames[first + done]));
                done++;
                earlier = 0;
            }
        }

        return sent;
    }

    private PortReceiveStatus Judge(int error)
    {
        switch (-error)
        {
            case Errno.Again or Errno.Interrupted or Errno.NoMemory or Errno.NoBuffers when !IsClosed:
                return PortReceiveStatus.Drained;
            case Errno.NetworkDown when !IsGone():
                // Set down. The kernel says so once, and goes on by itself when the device is up again.
                return PortReceiveStatus.Drained;
            default:
                Volatile.Write(ref _closed, 1);
                return PortReceiveStatus.Closed;
        }
    }

    /// <summary>True once the device does not exist, or not in this namespace. A device of the same name that came later is another one.</summary>
    private bool IsGone()
    {
        if (!IsClosed && PacketDevice.BoundIndex(_socket.Value) != Index)
            Volatile.Write(ref _closed, 1);
        return IsClosed;
    }

    // Where the other end is down, or was never set up, the kernel drops as it does where the tenant is too slow.
    private DropReason Refusal(int errno, in TxFrame frame) => -errno switch
    {
        Errno.NoBuffers when Volatile.Read(ref _hasCarrier) == 0 => DropReason.PortDown,
        Errno.Again or Errno.NoBuffers or Errno.NoMemory or Errno.Interrupted => DropReason.TapFull,
        Errno.MessageTooLong => DropReason.TooBigSilent,
        Errno.Invalid when frame.Vnet != default => DropReason.TapBadVnetHeader,
        _ => DropReason.PortDown,
    };
}
