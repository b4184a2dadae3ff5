using System.Collections.Immutable;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.HandOver;
using Overlay.Dataplane.Interop;
using Overlay.Encap;

namespace Overlay.Dataplane.Ports;

/// <summary>
/// A TAP device: one descriptor a queue, IFF_VNET_HDR with the 12-octet virtio-net header, no packet information. A frame is read in one call with
/// its virtio-net header in the headroom just before it, and written the same way. A device that was not there before goes when the port is disposed.
/// </summary>
/// <remarks>
/// <b>Threading:</b> as <see cref="IPort"/> says; <see cref="SetMtu"/> and <see cref="Dispose"/> by the control side, and
/// <see cref="Dispose"/> only after every worker has given the port back.
/// </remarks>
public sealed class TapPort : IPortDevice
{
    private static readonly KeepOptions Nothing = new();
    private readonly InterfaceControl _control;
    private readonly string? _netns;
    private readonly LinkStatistics? _statistics;
    private int _closed;

    private readonly bool _isOurs;
    private string? _tag;

    private TapPort(DeviceOptions options, TapQueues queues, InterfaceControl control, LinkStatistics? statistics, bool existed, bool isOurs)
    {
        _isOurs = isOurs;
        Name = options.Name;
        _netns = options.Netns;
        Queues = queues;
        _control = control;
        _statistics = statistics;
        Existed = existed;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>True if the device was there before (persistent, or opened by another process too).</summary>
    public bool Existed { get; }

    /// <inheritdoc/>
    public int Index { get; private init; }

    /// <inheritdoc/>
    public MacAddress Mac { get; private set; }

    /// <inheritdoc/>
    public int QueueCount => Queues.Count;

    /// <summary>The queues. Changed by <see cref="QueueChange"/> alone.</summary>
    internal TapQueues Queues { get; }

    /// <summary>Linux 6.2 and later takes them, whatever offloads are set on the device.</summary>
    public bool TakesUdpSegments { get; } = Environment.OSVersion.Version >= new Version(6, 2);

    /// <inheritdoc/>
    public bool IsClosed => Volatile.Read(ref _closed) != 0;

    /// <summary>Opens a TAP and makes it as asked for. Not on a fast path; may start a thread (namespaces).</summary>
    /// <param name="options">What it should be like.</param>
    /// <param name="touchExisting">
    /// False leaves a device that was there before as it is, for whoever opens it may yet give it up; <see cref="Reconfigure"/> makes it as asked for.
    /// </param>
    /// <param name="keep">What is kept over a restart; null makes devices that go when they are closed.</param>
    public static DeviceOpenResult Open(DeviceOptions options, bool touchExisting = true, KeepOptions? keep = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!DeviceOptions.IsValidName(options.Name))
            return Failed($"'{options.Name}' is not a device name: 1 to 15 printable characters without blank, '/', ':' and '%'");
        if (options.Bridge is not null && !DeviceOptions.IsValidName(options.Bridge))
            return Failed($"'{options.Bridge}' is not a bridge name");
        if (options.Queues is < 1 or > TapQueues.Max)
            return Failed($"queues: 1 to {TapQueues.Max} are possible");
        keep ??= Nothing;
        if (keep.Inherited is { IsEmpty: false } inherited)
        {
            var warnings = ImmutableArray.CreateBuilder<string>();
            if (TapQueues.Adopt(options, inherited, warnings) is TapQueues queues && Adopt(options, keep, queues, warnings) is DeviceOpenResult adopted)
                return adopted;
        }

        DeviceOpenResult? result = NetworkNamespace.Run(options.Netns, () => OpenHere(options, touchExisting, keep), out string? error);
        return error is null ? result! : Failed($"tap '{options.Name}': {error}");
    }

    /// <summary>What is known of the device as one that is kept; null if it was not made by this daemon, or is not persistent.</summary>
    internal KeptTap? Kept => _tag is null ? null : new KeptTap(Name, _netns, _tag);

    /// <summary>What is open, with the names it has in a store.</summary>
    internal IEnumerable<HeldDescriptor> Held => IsClosed ? [] : Queues.Held(_netns);

    /// <summary>Makes a device that was made here stay, with the tenant's addresses and routes, when this process ends in whatever way. Gives why not, or null.</summary>
    /// <param name="tag">The alias by which it is known again; null leaves it as it is.</param>
    internal string? Keep(string? tag)
    {
        if (!_isOurs || tag is null || _tag is not null)
            return null;
        int result = 0;
        _ = NetworkNamespace.Run(_netns, () => result = TunLink.Alias(Index) == tag ? 0 : TunLink.SetAlias(Index, tag), out string? error);

        // Without the mark nobody could tell that it is ours to remove.
        if (error is null && result >= 0)
            result = TapDevice.SetPersistent(Queues.Descriptor(0), stays: true);
        if (error is not null || result < 0)
            return $"tap '{Name}' goes when overlayd ends, and the tenant's addresses with it: {error ?? Errno.Describe(result)}";
        Queues.MayStay = true;
        _tag = tag;
        return null;
    }

    /// <summary>Lets a device that was made here go when it is closed.</summary>
    internal void LetGo()
    {
        if (_tag is null)
            return;
        _ = TapDevice.SetPersistent(Queues.Descriptor(0), stays: false);
        Queues.MayStay = false;
        _tag = null;
    }

    /// <summary>Frames that wait for us at most; negative if it cannot be read.</summary>
    internal int ReadQueueLength() => _control.QueueLength(Name);

    /// <summary>Whether nothing waits for us at this moment.</summary>
    internal bool IsEmpty => IsClosed || Queues.IsEmpty();

    /// <summary>Sets how many frames wait for us at most. Whether it could be.</summary>
    internal bool SetQueueLength(int frames) => _control.SetQueueLength(Name, frames) >= 0;

    /// <inheritdoc/>
    public int PollDescriptor(int queue) => Queues.Descriptor(queue);

    /// <inheritdoc/>
    public PortReceiveStatus Receive(int queue, PacketBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        const int Header = VnetHeader.LengthWithBuffers;
        int descriptor = Queues.Descriptor(queue);
        batch.Clear();
        while (batch.HasRoom)
        {
            int offset = batch.NextOffset - Header;
            int read = TapDevice.Read(descriptor, batch.Slab, offset, PacketPool.MaxFrameLength + Header);
            if (read < Header)
            {
                if (read is -Errno.Again or -Errno.Interrupted)
                    return PortReceiveStatus.Drained;
                Volatile.Write(ref _closed, 1);
                return PortReceiveStatus.Closed;
            }

            _ = VnetHeader.Parse(batch.Slab.AsSpan(offset, Header), out VnetHeader vnet);
            batch.Append(read - Header, in vnet);
        }

        return PortReceiveStatus.More;
    }

    /// <inheritdoc/>
    public int Send(int queue, PortTxBatch batch, FrameOutcomes outcomes)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(outcomes);
        int descriptor = Queues.Descriptor(queue);
        int sent = 0;
        int next = 0;
        if (batch.Count >= TapWriteRing.FewestFrames && TapWriteRing.Current is { } ring)
            sent = SendTogether(ring, descriptor, batch, outcomes, ref next);
        for (; next < batch.Count; next++)
            sent += Note(TapDevice.Write(descriptor, batch, next), next, batch, outcomes);

        return sent;
    }

    /// <inheritdoc/>
    public string? SetMtu(int mtu)
    {
        int result = _control.SetMtu(Name, mtu);
        return result >= 0 || _control.Mtu(Name) == mtu ? null : $"tap '{Name}': cannot set MTU {mtu}: {Errno.Describe(result)}";
    }

    /// <inheritdoc/>
    public ImmutableArray<string> Reconfigure(DeviceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var warnings = ImmutableArray.CreateBuilder<string>();
        string? error = Configure(options, _control, warnings, _statistics is null ? 0 : LinkLookup.Find(_statistics.Socket, Index)?.Master ?? 0, _isOurs);
        if (error is not null)
            warnings.Add($"tap '{Name}': {error}");
        if (_control.Mac(Name, out MacAddress mac) >= 0)
            Mac = mac;
        return warnings.ToImmutable();
    }

    /// <inheritdoc/>
    public int ReadMtu() => Math.Max(_control.Mtu(Name), 0);

    /// <inheritdoc/>
    public MacAddress? ReadMac() => _control.Mac(Name, out MacAddress mac) < 0 ? null : mac;

    /// <summary>
    /// Frames that the kernel dropped because the device's queue to us (its <c>txqueuelen</c>) was full, since the device was made; null if unknown.
    /// They never reached us. One caller at a time.
    /// </summary>
    public long? ReadQueueDrops() => _statistics?.QueueDrops(Index);

    /// <inheritdoc/>
    public bool ReadIsUp() => !IsClosed && _control.IsUp(Name) > 0;

    /// <inheritdoc/>
    public bool ReadHasMaster() => _statistics is null || LinkLookup.Find(_statistics.Socket, Index) is not { Master: 0 };

    /// <inheritdoc/>
    public void Dispose()
    {
        Volatile.Write(ref _closed, 1);
        Queues.Dispose();
        _control.Dispose();
        _statistics?.Dispose();
    }

    /// <summary>Opens queues up to a number of them, which nobody uses yet; gives what is not as it was asked for. May start a thread (namespaces).</summary>
    internal ImmutableArray<string> ReserveQueues(int wanted)
    {
        var warnings = ImmutableArray.CreateBuilder<string>();
        _ = NetworkNamespace.Run(_netns, () => ReserveHere(wanted, warnings), out string? error);
        if (error is not null)
            warnings.Add($"tap '{Name}': {error}; it keeps {QueueCount} queues");
        return warnings.ToImmutable();
    }

    // By a name that is not taken a new device would be made.
    private bool ReserveHere(int wanted, ImmutableArray<string>.Builder warnings)
    {
        _ = InterfaceControl.TryOpen(out InterfaceControl? control);
        using (control)
        {
            if (control?.Index(Name) == Index)
                Queues.Reserve(wanted, warnings);
            else
                warnings.Add($"tap '{Name}' is not where it was made any more; it keeps {QueueCount} queues");
        }

        return true;
    }

    // Stops before a frame that the ring cannot take, or of which the kernel knows nothing: it is written, and those behind it, one a call.
    private static int SendTogether(TapWriteRing ring, int descriptor, PortTxBatch batch, FrameOutcomes outcomes, ref int next)
    {
        int sent = 0;
        while (next < batch.Count)
        {
            int count = ring.Write(descriptor, batch, next);
            for (int i = 0; i < count; i++, next++)
            {
                int written = ring.Results[i];
                if (written == -Errno.NotSupported)
                    TapWriteRing.Refuse(written);
                if (written is -Errno.NotSupported or SubmissionRing.NoResult)
                    return sent;

                sent += Note(written, next, batch, outcomes);
            }

            if (count == 0)
                break;
        }

        return sent;
    }

    private static int Note(int written, int index, PortTxBatch batch, FrameOutcomes outcomes)
    {
        if (written > 0)
        {
            batch.MarkDelivered(index, outcomes);
            return 1;
        }

        batch.MarkDropped(index, outcomes, Refusal(written, in batch.Frames[index]));
        return 0;
    }

    private static DropReason Refusal(int errno, in TxFrame frame) => -errno switch
    {
        Errno.Again or Errno.NoBuffers or Errno.NoMemory or Errno.Interrupted => DropReason.TapFull,
        Errno.Invalid when frame.Vnet != default => DropReason.TapBadVnetHeader,
        _ => DropReason.PortDown,
    };

    private static DeviceOpenResult Failed(string error) => new(null, error, []);

    // A device that was moved to another namespace, as a container's is, is looked for where it is. But one whose namespace has gone, and another has its name now, as when a container was
    // made anew, is nobody's: null, and a new one is opened.
    private static DeviceOpenResult? Adopt(DeviceOptions options, KeepOptions keep, TapQueues queues, ImmutableArray<string>.Builder warnings)
    {
        int opened = TapDevice.OpenNamespace(queues.Descriptor(0));
        using FileDescriptor? where = opened < 0 ? null : new FileDescriptor(opened);
        string? place = where is null ? null : NetworkNamespace.Identity(where.Value);
        string? own = NetworkNamespace.OwnIdentity();
        string? named = NetworkNamespace.Run(options.Netns, NetworkNamespace.OwnIdentity, out _);
        if (options.Netns is not null && place is not null && place != named && place != own)
        {
            Refuse(options, keep, queues, "its network namespace is not the one that is configured");
            return null;
        }

        // Before Linux 5.2 nobody says where it is; then nothing is opened by its name.
        bool isKnown = place is not null && own is not null;
        string? netns = isKnown && place == own ? null : isKnown ? NetworkNamespace.PathOf(where!.Value) : options.Netns;
        TapPort? port = NetworkNamespace.Run(netns, () => AdoptHere(options, keep, queues, isKnown ? warnings : null), out string? error);
        if (port is not null)
            return new DeviceOpenResult(port, null, warnings.ToImmutable());
        Refuse(options, keep, queues, "its device cannot be found");
        return Failed($"tap '{options.Name}': {error ?? "it was handed over and cannot be found"}");
    }

    private static void Refuse(DeviceOptions options, KeepOptions keep, TapQueues queues, string why)
    {
        foreach (HeldDescriptor held in queues.Held(options.Netns).ToArray())
            keep.Inherited!.Note(held.Name, why);
        queues.Dispose();
        keep.Inherited!.Settle();
    }

    private static TapPort? AdoptHere(DeviceOptions options, KeepOptions keep, TapQueues queues, ImmutableArray<string>.Builder? warnings)
    {
        if (InterfaceControl.TryOpen(out InterfaceControl? control) < 0 || control!.Index(options.Name) is not (> 0 and var index))
        {
            control?.Dispose();
            return null;
        }

        if (warnings is not null)
            queues.Complete(options, warnings);

        string alias = TunLink.Alias(index);
        _ = control.Mac(options.Name, out MacAddress mac);
        bool isOurs = keep.IsOurs(alias);
        return new TapPort(options, queues, control, LinkStatistics.TryOpen(), existed: true, isOurs)
        {
            _tag = isOurs && TunLink.Read(index) is { IsPersistent: true } ? alias : null,
            Mac = mac,
            Index = index,
        };
    }

    private static DeviceOpenResult OpenHere(DeviceOptions options, bool touchExisting, KeepOptions keep)
    {
        int result = InterfaceControl.TryOpen(out InterfaceControl? control);
        if (control is null)
            return Failed($"tap '{options.Name}': {Errno.Describe(result)}");

        var warnings = ImmutableArray.CreateBuilder<string>();
        int found = control.Index(options.Name);

        // What was handed over and refused may not be closed by everybody yet.
        while (found > 0 && TapQueues.IsHeld(found) && keep.Inherited?.AwaitClose() == true)
            found = control.Index(options.Name);
        bool existed = found > 0;
        result = TapQueues.Open(options, found, warnings, out TapQueues? queues);
        if (queues is null)
        {
            control.Dispose();

            // What an existing device refuses to its wrong owner is EPERM; these two come from the way to it.
            string way = result is -Errno.Access or -Errno.NoEntry ? "/dev/net/tun: " : "";
            return Failed($"tap '{options.Name}': {way}{Errno.Describe(result)}");
        }

        int index = control.Index(options.Name);
        if (!existed)
            _ = TunLink.RemoveQueueingDiscipline(index);
        string? error = !existed ? Configure(options, control, warnings, master: 0, isOurs: true)
            : touchExisting ? Configure(options, control, warnings, LinkLookup.Find(index)?.Master ?? 0, keep.Tag is not null && keep.IsOurs(TunLink.Alias(index)))
            : options.Bridge is string bridge && control.Index(bridge) <= 0 ? NoBridge(bridge)
            : null;
        if (error is not null)
        {
            control.Dispose();
            queues.Dispose();
            return new DeviceOpenResult(null, $"tap '{options.Name}': {error}", warnings.ToImmutable());
        }

        _ = control.Mac(options.Name, out MacAddress mac);
        string alias = existed && keep.Tag is not null ? TunLink.Alias(index) : "";
        bool isOurs = !existed || keep.IsOurs(alias);
        var port = new TapPort(options, queues, control, LinkStatistics.TryOpen(), existed, isOurs) { _tag = existed && isOurs ? alias : null, Mac = mac, Index = index };
        return new DeviceOpenResult(port, null, warnings.ToImmutable());
    }

    private static string NoBridge(string bridge) => $"there is no bridge '{bridge}'";

    /// <summary>An error is what makes the port useless; what merely differs from the wish without permission to change it is a warning.</summary>
    /// <param name="options">What it should be like.</param>
    /// <param name="control">Of the device's namespace.</param>
    /// <param name="warnings">What is not as it was asked for.</param>
    /// <param name="master">Index of the bridge that it is in; 0 for none.</param>
    /// <param name="isOurs">Whether it may be taken out of that bridge.</param>
    private static string? Configure(DeviceOptions options, InterfaceControl control, ImmutableArray<string>.Builder warnings, int master, bool isOurs)
    {
        string name = options.Name;
        if (options.Mac is MacAddress wanted && (control.Mac(name, out MacAddress mac) < 0 || mac != wanted))
        {
            int result = control.SetMac(name, wanted);
            if (result < 0)
                warnings.Add($"tap '{name}': cannot set MAC {wanted}: {Errno.Describe(result)}; it has {mac}");
        }

        if (options.Mtu is int mtu && control.Mtu(name) != mtu)
        {
            int result = control.SetMtu(name, mtu);
            if (result < 0)
                warnings.Add($"tap '{name}': cannot set MTU {mtu}: {Errno.Describe(result)}; it has {control.Mtu(name)}");
        }

        if (options.Bridge is string bridge && (master == 0 || control.Index(bridge) != master))
        {
            // Where it was put by the configuration before.
            if (master != 0 && isOurs && control.Index(bridge) > 0 && control.NameOf(master) is string before)
                _ = control.RemoveFromBridge(before, control.Index(name));
            int result = control.AddToBridge(bridge, control.Index(name));
            if (result == -Errno.NoDevice)
                return NoBridge(bridge);
            if (result < 0)
                warnings.Add($"tap '{name}': cannot be put into bridge '{bridge}' ({Errno.Describe(result)}); is it in one already?");
        }

        if (control.IsUp(name) == 0)
        {
            int result = control.SetUp(name);
            if (result < 0)
                warnings.Add($"tap '{name}': cannot be set up: {Errno.Describe(result)}; run: ip link set {name} up");
        }

        return null;
    }
}
