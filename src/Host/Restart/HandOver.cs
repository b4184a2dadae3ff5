using System.Globalization;
using Overlay.Control;
using Overlay.Control.HandOver;
using Overlay.Dataplane;
using Overlay.Dataplane.HandOver;
using Overlay.Forwarding.Topology;
using Overlay.Host.Configuration;
using Overlay.Host.State;
using Overlay.Host.Systemd;

namespace Overlay.Host.Restart;

/// <summary>
/// What goes from one process to the next: descriptors by the supervisor's store, what was learned by a file in memory (or, where there is no store, one in the state directory), TAPs by being persistent.
/// </summary>
/// <remarks><b>Threading:</b> one call at a time, in the order of a process's life. <b>Errors:</b> sentences to the log; nothing here keeps the daemon from forwarding.</remarks>
internal sealed class HandOver : IDisposable
{
    /// <summary>Name of the file that is used where no store is.</summary>
    public const string FileName = "hand-over";

    // What is restored before the first frame is read: the MACs that were used last.
    private const int FirstMacs = 16_384;
    private const int MacsARound = 16_384;

    // Seconds after which a queue is as short as before, whatever waits in it.
    private const int LastTickOfGrowth = 30;

    // Seconds between two looks at what is open, where nothing was left undone: sockets are opened anew when their device is.
    private const int TicksPerLook = 60;

    private readonly OverlayConfig _config;
    private readonly Action<string> _warn;
    private readonly InheritedDescriptors _inherited;
    private readonly DescriptorStore _store;
    private readonly HashSet<string> _said = new(StringComparer.Ordinal);
    private IReadOnlyList<KeptTap> _taps;
    private IReadOnlyList<QueueLength> _queues = [];
    private byte[]? _octets;
    private bool _isShort;
    private bool _isBehind;
    private int _ticks;

    public HandOver(OverlayConfig config, InheritedDescriptors inherited, DescriptorStore store, Action<string> warn)
    {
        _config = config;
        _inherited = inherited;
        _store = store;
        _warn = warn;
        _inherited.Forget = store.Forget;
        _store.Begin(inherited.Names);
        _taps = TapLedger.Read(config.StateDirectory, out var warning);
        if (warning is not null)
        {
            warn(warning);
        }

        var tag = TapLedger.TagOf(config.NodeName, config.Admin.Socket);
        Options = new KeepOptions { Tag = tag, OldTags = [.. _taps.Select(static tap => tap.Tag)], Inherited = inherited.IsEmpty ? null : inherited };
    }

    /// <summary>For the dataplane.</summary>
    public KeepOptions Options { get; }

    /// <summary>Whether something was handed to us, so that frames may wait already.</summary>
    public bool IsTakingOver => Options.Inherited is not null;

    /// <summary>Whether somebody keeps our descriptors when we end.</summary>
    public bool HasStore => _store.IsThere;

    /// <summary>What this process was given. Before it opens anything of its own.</summary>
    public static HandOver Begin(OverlayConfig config, Action<string> warn) =>
        new(config, InheritedDescriptors.Collect(ListenDescriptors.TakeFromEnvironment()), DescriptorStore.FromEnvironment(warn), warn);

    /// <summary>Before anything of a topology is opened: closes what was handed over and is not of it, for a device that has another name now could not be opened beside it.</summary>
    public void Prepare(TopologySpec topology)
    {
        if (IsTakingOver)
        {
            _inherited.RefuseTapsBut(topology.Ports.Values.Where(static port => port.Kind == PortDeviceKind.Tap).Select(static port => (port.Device, port.Netns)));
        }
    }

    /// <summary>Restores what was learned, the MACs used last first; the rest of a large table when frames are forwarded already (<see cref="FinishAsync"/>).</summary>
    /// <param name="control">The control loop, planes added.</param>
    /// <param name="expects">Whether a plane, by its name, still has a session, by its: what one that is not configured any more had given is not restored.</param>
    public async Task RestoreAsync(ControlLoop control, Func<string, string, bool> expects)
    {
        if (ReadState() is { } state)
        {
            _queues = state.Queues;

            // Before what was learned: a MAC that a plane has elsewhere is not learned again where it was.
            foreach (var kept in state.Routes)
            {
                // Frames wait: as a rule all sessions are there still, and nothing has to be looked through.
                var isExpected = kept.Sessions.Select(session => expects(kept.Plane, session)).ToArray();
                await control.RestoreRoutes(isExpected.All(static expected => expected) ? kept : kept with
                {
                    Vteps = [.. kept.Vteps.Where(vtep => isExpected[vtep.Session])],
                    Routes = [.. kept.Routes.Where(route => isExpected[route.Session])],
                });
            }

            await control.RestoreSeen(state.Seen, 0, FirstMacs, Elapsed(state));
        }
    }

    /// <summary>When frames are forwarded: an end to what nobody configures any more, and the rest of what was learned.</summary>
    public async Task FinishAsync(DataplaneService dataplane, ControlLoop control)
    {
        _inherited.RefuseRest("", "it is not configured any more");
        _inherited.Settle();
        Follow(dataplane, _config.Topology);

        // Read once more: to look at a million before the first frame would be time in which frames wait.
        var state = _octets is null ? null : HandOverFormat.Read(_octets, out _, withRoutes: false);
        _octets = null;
        for (var from = FirstMacs; state is not null && from < state.Seen.Macs.Count; from += MacsARound)
        {
            await control.RestoreSeen(state.Seen, from, MacsARound, Elapsed(state));
        }
    }

    /// <summary>Before a topology comes into force: writes down which TAPs are going to be ours. Else one that was made a moment before a crash would be nobody's for ever.</summary>
    public void Announce(TopologySpec topology)
    {
        var planned = topology.Ports.Values.Where(static port => port.Kind == PortDeviceKind.Tap).Select(port => new KeptTap(port.Device, port.Netns, Options.Tag!))
            .Where(tap => !_taps.Any(known => known.IsAt(tap.Device, tap.Netns))).ToArray();
        if (planned.Length > 0)
        {
            Write([.. _taps, .. planned]);
        }
    }

    /// <summary>After every change of what is open: tells the store, removes TAPs that were ours and are configured no more, and writes down which there are.</summary>
    public void Follow(DataplaneService dataplane, TopologySpec topology)
    {
        _isBehind = !_store.Follow(dataplane.Held());
        FollowTaps(dataplane, topology);
    }

    private void FollowTaps(DataplaneService dataplane, TopologySpec topology)
    {
        var now = dataplane.KeptTaps().ToList();
        foreach (var before in _taps.Where(tap => !now.Any(kept => kept.IsAt(tap.Device, tap.Netns))).ToArray())
        {
            // That of a port which could not be opened stays, and one that could not be removed is tried again.
            string? fault = null;
            var isConfigured = topology.Ports.Values.Any(port => port.Kind == PortDeviceKind.Tap && before.IsAt(port.Device, port.Netns));
            if (!isConfigured && Remove(before, out fault))
            {
                _warn($"tap '{before.Device}' is not configured any more: removed");
            }

            // Tried again each second, but said once.
            if (fault is not null && _said.Add(fault))
            {
                _warn(fault);
            }

            if (isConfigured || fault is not null)
            {
                _isBehind |= fault is not null;
                now.Add(before);
            }
        }

        if (!now.SequenceEqual(_taps))
        {
            Write(now);
        }
    }

    /// <summary>Once a second: puts queues back that grew for the restart, when what waited has been read; tells the store and removes TAPs where that could not be done at once.</summary>
    public void Tick(DataplaneService dataplane, TopologySpec topology)
    {
        _ticks++;
        if (!_isShort && dataplane.Shrink(_queues, force: _ticks >= LastTickOfGrowth))
        {
            _isShort = true;
            _queues = [];
        }

        if (_isBehind || _ticks % TicksPerLook == 0)
        {
            Follow(dataplane, topology);
        }
    }

    /// <summary>Before the end: makes room for what comes while nobody reads, and leaves behind what was learned. Frames are forwarded still.</summary>
    public async Task LeaveAsync(DataplaneService dataplane, ControlLoop control)
    {
        _store.Follow(dataplane.Held());

        // Of those that had not been put back yet, what they were is known from the process before.
        IReadOnlyList<QueueLength> queues = HasStore ? [.. dataplane.Grow(), .. _queues] : [];

        var state = new HandOverState(Machine.Boot(), Machine.Uptime(), queues, await control.ExportSeen(), await control.ExportRoutes());
        var octets = HandOverFormat.Write(state);
        var path = Path.Combine(_config.StateDirectory, FileName);
        var isLeft = _store.Leave(octets);
        if (isLeft && _store.IsCertain)
        {
            // A stop for good empties the store, and what an operator gave the queues must not be lost by that. Nothing else is worth a disk.
            if (queues.Count == 0)
            {
                StateFile.Delete(path);
            }
            else
            {
                _ = StateFile.Write(path, HandOverFormat.Write(state with { Seen = SeenMacs.None, Routes = [] }));
            }
        }
        else if (StateFile.Write(path, octets) is { } fault && !isLeft)
        {
            _warn($"{fault}: MACs are learned anew after the restart");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _inherited.Dispose();

    private void Write(IReadOnlyList<KeptTap> taps)
    {
        _taps = taps;
        if (TapLedger.Write(_config.StateDirectory, taps) is { } problem)
        {
            _warn(problem);
        }
    }

    // What the store was told to let go of may be open for a moment longer.
    private bool Remove(KeptTap tap, out string? fault)
    {
        bool isGone;
        do
        {
            isGone = KeptTap.Remove(tap, out fault);
        }
        while (fault is not null && _inherited.AwaitClose());
        return isGone;
    }

    private static TimeSpan Elapsed(HandOverState state)
    {
        var elapsed = Machine.Uptime() - state.Uptime;
        return elapsed > TimeSpan.Zero ? elapsed : TimeSpan.Zero;
    }

    // Used once: what a crash leaves behind is older than what was learned since, and what cannot be restored must not be met by the next process again.
    private HandOverState? ReadState()
    {
        var path = Path.Combine(_config.StateDirectory, FileName);
        var octets = _inherited.TakeState(HandOverFormat.MaxLength);
        if (octets is not null)
        {
            _store.Drop(DescriptorNames.State);
        }
        else
        {
            octets = StateFile.Read(path, HandOverFormat.MaxLength, out var fault);
            if (fault is not null)
            {
                _warn($"{fault}: MACs are learned anew");
            }
        }

        StateFile.Delete(path);
        if (octets is null)
        {
            return null;
        }

        var state = HandOverFormat.Read(octets, out var refusal, FirstMacs);
        if (state is null)
        {
            _warn(string.Create(CultureInfo.InvariantCulture, $"what overlayd left behind at its end is refused, {refusal}: MACs are learned anew"));
            return null;
        }

        if (state.Boot != Machine.Boot())
        {
            return null;
        }

        _octets = state.Seen.Macs.Count < FirstMacs ? null : octets;
        return state;
    }
}
