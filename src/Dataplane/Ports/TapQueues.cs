using System.Collections.Immutable;
using System.Globalization;
using Overlay.Dataplane.HandOver;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Steering;
using Overlay.Encap;

namespace Overlay.Dataplane.Ports;

/// <summary>
/// The queues of a TAP: a descriptor each, numbered as the kernel numbers them. The first is there for the device's life; the others come and go at the end, opened
/// (<see cref="Reserve"/>) while nobody uses them and taken into use (<see cref="Widen"/>), steered away from (<see cref="Steer"/>), then closed (<see cref="Narrow"/>). The lane, where there is one, is a queue besides.
/// </summary>
/// <remarks>
/// <b>Threading:</b> <see cref="Count"/> and <see cref="Descriptor"/> from any thread; the rest by the control side, one caller at a time. A worker may still use a queue that
/// <see cref="Count"/> has ceased to include: <see cref="Narrow"/> is for when none does.
/// </remarks>
internal sealed class TapQueues : IDisposable
{
    /// <summary>Queues of a device at most, without the lane.</summary>
    internal const int Max = 16;

    /// <summary>The number that the queue of the lane has here.</summary>
    internal const int LaneQueue = Max;

    private readonly string _name;
    private readonly int[] _descriptors = new int[Max + 1];
    private readonly List<FileDescriptor> _owners = [];
    private readonly HashSet<long> _inherited = [];
    private TapSteering? _steering;
    private FileDescriptor? _lane;
    private bool _mayHaveLane;
    private bool _isSteered;
    private int _count = 1;

    private TapQueues(string name, FileDescriptor first, bool isMultiQueue, bool mayStay)
    {
        _name = name;
        IsMultiQueue = isMultiQueue;
        MayStay = mayStay;
        Add(first);
    }

    /// <summary>Whether the device is there when its queues are closed, because it was there before or is persistent.</summary>
    internal bool MayStay { get; set; }

    /// <summary>Set when another process has the queues too and reads them from now on: nothing of the device is changed when they are closed here.</summary>
    internal bool IsHandedOver { get; set; }

    /// <summary>Whether the device can have more than one queue.</summary>
    internal bool IsMultiQueue { get; }

    /// <summary>Queues in use, 1–<see cref="Max"/>.</summary>
    internal int Count => Volatile.Read(ref _count);

    /// <summary>Queues that are open; more than <see cref="Count"/> while some are reserved or on their way out.</summary>
    internal int Opened => _owners.Count;

    /// <summary>What is known of the flows in the lane; null if there is none.</summary>
    internal LaneTable? Lane => _lane is null ? null : _steering?.Lane;

    /// <summary>The descriptor of a queue below <see cref="Opened"/>, or of <see cref="LaneQueue"/>.</summary>
    internal int Descriptor(int queue) => _descriptors[queue];

    /// <summary>
    /// Opens the first queue, and with it the device if there is none. Whether a device has several queues is settled when it is made: ours can have them, and one that
    /// somebody made is taken as it is.
    /// </summary>
    /// <param name="options">The device.</param>
    /// <param name="index">The index of the device that is there; 0 if none is.</param>
    /// <param name="warnings">What is not as it was asked for.</param>
    /// <param name="queues">The queues; null if they could not be opened.</param>
    /// <returns>0, or a negative errno.</returns>
    internal static int Open(DeviceOptions options, int index, ImmutableArray<string>.Builder warnings, out TapQueues? queues)
    {
        queues = null;
        bool existed = index > 0;
        TunLink.State? known = existed ? TunLink.Read(index) : null;

        if (IsHeld(known, index))
            return -Errno.Busy;
        bool isMultiQueue = known?.IsMultiQueue ?? true;
        int first = TapDevice.Open(options.Name, isMultiQueue, VnetHeader.LengthWithBuffers);
        if (first == -Errno.Invalid && existed)
        {
            isMultiQueue = !isMultiQueue;
            first = TapDevice.Open(options.Name, isMultiQueue, VnetHeader.LengthWithBuffers);
        }

        if (first < 0)
            return first;
        queues = new TapQueues(options.Name, new FileDescriptor(first), isMultiQueue, existed);
        if (known is { Queues: > 0 })
        {
            warnings.Add($"tap '{options.Name}': another process has {known.Value.Queues} of its queues open and gets a part of the frames");
            queues._isSteered = true;
        }

        if (options.Lane)
            queues.OpenLane(isInUse: existed);
        queues.Reserve(options.Queues, warnings);
        foreach (string warning in queues.Widen())
            warnings.Add(warning);
        return 0;
    }

    /// <summary>Whether another process has a device that must not be joined.</summary>
    internal static bool IsHeld(int index) => IsHeld(TunLink.Read(index), index);

    // It stays by itself or because another process has it; that one's queues must not be joined by ours. Nor those of another overlayd, whose TAPs are persistent.
    private static bool IsHeld(in TunLink.State? known, int index) =>
        known is { IsPersistent: false } || (known is { Queues: > 0 } && TunLink.Alias(index).StartsWith(KeptTap.TagPrefix, StringComparison.Ordinal));

    /// <summary>
    /// Takes over the queues that the process before had open; null if there are none that fit, and then all of them are closed. The kernel numbers queues as they were opened: the
    /// first, the lane, those that came later, and so they are taken. Nothing is opened here, because a name means another device in another namespace: see <see cref="Complete"/>.
    /// </summary>
    /// <param name="options">The device.</param>
    /// <param name="inherited">What was open.</param>
    /// <param name="warnings">What is not as it was asked for.</param>
    internal static TapQueues? Adopt(DeviceOptions options, InheritedDescriptors inherited, ImmutableArray<string>.Builder warnings)
    {
        string prefix = DescriptorNames.TapOf(options.Name, options.Netns);
        if (Verified(options, 0, inherited, out bool isMultiQueue) is not FileDescriptor first)
        {
            inherited.RefuseRest(prefix, "its first queue is not there");
            inherited.Settle();
            return null;
        }

        var queues = new TapQueues(options.Name, first, isMultiQueue, mayStay: true);
        FileDescriptor? lane = Verified(options, DescriptorNames.Lane, inherited, out _);
        bool isAlone = !inherited.Has(DescriptorNames.Tap(options.Name, options.Netns, 1));
        if (lane is not null && !options.Lane)
        {
            // The store may close it a moment later: until then the kernel would go on choosing it.
            _ = TapDevice.SetSteering(first.Value, -1);
            _ = TapDevice.SetQueue(lane.Value, inUse: false);
            inherited.Refuse(DescriptorNames.Tap(options.Name, options.Netns, DescriptorNames.Lane), lane, "workers.lane is off");
            lane = null;
        }

        for (int queue = 1; queue < Max && Verified(options, queue, inherited, out _) is FileDescriptor next; queue++)
        {
            // One that was on its way in or out is taken into use; the others are.
            _ = TapDevice.SetQueue(next.Value, inUse: true);
            queues.Add(next);
            queues._count = queue + 1;
        }

        inherited.RefuseRest(prefix, "a queue before it is not there");
        inherited.Settle();
        queues._inherited.UnionWith(queues._owners.Select(static owner => owner.Id));
        if (lane is not null && !queues.AdoptLane(lane))
        {
            inherited.Note(DescriptorNames.Tap(options.Name, options.Netns, DescriptorNames.Lane), "the kernel does not take its program");
            inherited.Settle();
        }

        queues._mayHaveLane = options.Lane && lane is null && isAlone;
        if (queues._count > 1)
            queues.BeginSteering(warnings);
        queues.Steer(queues._count);
        return queues;
    }

    /// <summary>Opens what adopted queues lack of what is asked for: the lane, and queues that nobody uses yet. In the namespace of their device.</summary>
    /// <param name="options">The device.</param>
    /// <param name="warnings">What is not as it was asked for.</param>
    internal void Complete(DeviceOptions options, ImmutableArray<string>.Builder warnings)
    {
        if (_mayHaveLane)
            OpenLane(isInUse: true);
        _mayHaveLane = false;
        Reserve(options.Queues, warnings);
        Steer(_count);
    }

    /// <summary>Whether nothing waits in any queue at this moment.</summary>
    internal bool IsEmpty()
    {
        for (int queue = 0; queue < _owners.Count; queue++)
        {
            if (Descriptors.IsReadable(_owners[queue].Value))
                return false;
        }

        return _lane is null || !Descriptors.IsReadable(_lane.Value);
    }

    /// <summary>What is open here, with the names it has in a store.</summary>
    internal IEnumerable<HeldDescriptor> Held(string? netns)
    {
        for (int queue = 0; queue < _count && queue < _owners.Count; queue++)
            yield return new HeldDescriptor(DescriptorNames.Tap(_name, netns, queue), _owners[queue].Value, _owners[queue].Id, _inherited.Contains(_owners[queue].Id));
        if (_lane is not null)
            yield return new HeldDescriptor(DescriptorNames.Tap(_name, netns, DescriptorNames.Lane), _lane.Value, _lane.Id, _inherited.Contains(_lane.Id));
    }

    /// <summary>Opens queues up to a number of them, unused as yet.</summary>
    /// <param name="wanted">Queues, 1–<see cref="Max"/>; those beyond what is asked for are left alone.</param>
    /// <param name="warnings">What is not as it was asked for.</param>
    internal void Reserve(int wanted, ImmutableArray<string>.Builder warnings)
    {
        if (!IsMultiQueue && wanted > 1)
            warnings.Add($"tap '{_name}' exists with a single queue; {wanted} were asked for");
        if (!IsMultiQueue || wanted <= _owners.Count)
            return;
        BeginSteering(warnings);
        while (_owners.Count < wanted)
        {
            int next = TapDevice.Open(_name, multiQueue: true, VnetHeader.LengthWithBuffers);
            if (next < 0)
            {
                warnings.Add($"tap '{_name}' has {_owners.Count} of {wanted} queues: {Errno.Describe(next)}");
                return;
            }

            // Where no program chooses, the kernel would use it from this moment on.
            _ = TapDevice.SetQueue(next, inUse: false);
            Add(new FileDescriptor(next));
        }
    }

    /// <summary>Takes every open queue into use: workers read them already. Gives what went wrong.</summary>
    internal ImmutableArray<string> Widen()
    {
        for (int queue = _count; queue < _owners.Count; queue++)
        {
            int result = TapDevice.SetQueue(_descriptors[queue], inUse: true);
            if (result < 0)
                return [$"tap '{_name}': queue {queue} cannot be taken into use: {Errno.Describe(result)}"];
            Volatile.Write(ref _count, queue + 1);
        }

        Steer(_count);
        return [];
    }

    /// <summary>Lets new frames go to the first so many queues.</summary>
    internal void Steer(int queues) => _steering?.Assign(queues);

    /// <summary>Takes queues out of the count, so that no worker begins to write to one; they stay open.</summary>
    internal void Withdraw(int queues) => Volatile.Write(ref _count, Math.Min(queues, _count));

    /// <summary>Closes the open queues that are not in the count. What waits in them is lost.</summary>
    internal void Narrow()
    {
        // From the end: the kernel gives the number of a queue that goes to the last one.
        for (int queue = _owners.Count - 1; queue >= _count; queue--)
        {
            // A store may have it for a moment longer, and the kernel would go on filling it.
            _ = TapDevice.SetQueue(_descriptors[queue], inUse: false);
            _owners[queue].Dispose();
            _owners.RemoveAt(queue);
            _descriptors[queue] = -1;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // A device that stays would go on being steered to queues that nobody has open.
        if (MayStay && !IsHandedOver && _steering is not null)
            _ = TapDevice.SetSteering(_descriptors[0], -1);
        foreach (FileDescriptor queue in _owners)
            queue.Dispose();
        _lane?.Dispose();
        _steering?.Dispose();
    }

    // Behind the first queue, as the program expects it. Where it cannot be had there is none.
    private void OpenLane(bool isInUse)
    {
        if (!IsMultiQueue || _isSteered || TapSteering.TryAttach(_descriptors[0], withLane: true, out _steering, isInUse) < 0)
            return;
        int descriptor = TapDevice.Open(_name, multiQueue: true, VnetHeader.LengthWithBuffers);
        if (descriptor < 0)
        {
            _ = TapDevice.SetSteering(_descriptors[0], -1);
            _steering?.Dispose();
            _steering = null;
            return;
        }

        _isSteered = true;
        _descriptors[LaneQueue] = descriptor;
        _lane = new FileDescriptor(descriptor);
    }

    private void BeginSteering(ImmutableArray<string>.Builder warnings)
    {
        if (_isSteered)
            return;
        _isSteered = true;
        int result = TapSteering.TryAttach(_descriptors[0], withLane: false, out _steering);
        if (result < 0)
            warnings.Add($"tap '{_name}': the kernel chooses the queues (bpf: {Bpf.Describe(result)}): a flow may change its queue once when it is answered, and a change of their number may lose frames");
    }

    // With a new program, for what it shares with us is not handed over: what waits in the lane is older than what comes to the bulk queue from now on, and is read first (CatchUp).
    private bool AdoptLane(FileDescriptor lane)
    {
        if (TapSteering.TryAttach(_descriptors[0], withLane: true, out _steering, isInUse: true) < 0)
        {
            // Nobody would read it, and the kernel would go on choosing it.
            _ = TapDevice.SetSteering(_descriptors[0], -1);
            _ = TapDevice.SetQueue(lane.Value, inUse: false);
            lane.Dispose();
            return false;
        }

        _isSteered = true;
        _descriptors[LaneQueue] = lane.Value;
        _lane = lane;
        _inherited.Add(lane.Id);
        return true;
    }

    private static FileDescriptor? Verified(DeviceOptions options, int queue, InheritedDescriptors inherited, out bool isMultiQueue)
    {
        isMultiQueue = false;
        string name = DescriptorNames.Tap(options.Name, options.Netns, queue);
        if (inherited.Take(name) is not FileDescriptor descriptor)
            return null;
        string? fault = Fault(options.Name, descriptor.Value, queue, out isMultiQueue);
        if (fault is null)
            return descriptor;
        inherited.Refuse(name, descriptor, fault);
        return null;
    }

    private static string? Fault(string device, int descriptor, int queue, out bool isMultiQueue)
    {
        const int Kind = LinuxConstants.TunTap | LinuxConstants.TunNoPacketInfo | LinuxConstants.TunVnetHeader;
        isMultiQueue = false;
        if (TapDevice.Describe(descriptor) is not (string name, int flags))
            return "it is no queue of a device that is there";
        isMultiQueue = (flags & LinuxConstants.TunMultiQueue) != 0;
        if (name != device)
            return $"it is a queue of '{name}'";
        if ((flags & Kind) != Kind || (queue != 0 && !isMultiQueue))
            return string.Create(CultureInfo.InvariantCulture, $"the device has flags 0x{flags:x4}");
        int result = TapDevice.Assert(descriptor, VnetHeader.LengthWithBuffers);
        return result < 0 ? $"header and offloads cannot be set: {Errno.Describe(result)}" : null;
    }

    private void Add(FileDescriptor descriptor)
    {
        _descriptors[_owners.Count] = descriptor.Value;
        _owners.Add(descriptor);
    }
}
