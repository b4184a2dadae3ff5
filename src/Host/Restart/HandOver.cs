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

    private readonly OverlayConfig _config;
    private readonly Action<string> _warn;
    private readonly InheritedDescriptors _inherited;
    private readonly DescriptorStore _store;
    private IReadOnlyList<KeptTap> _taps;
    private HandOverState? _state;
    private int _ticks;

    public HandOver(OverlayConfig config, InheritedDescriptors inherited, DescriptorStore store, Action<string> warn)
    {
        _config = config;
        _inherited = inherited;
        _store = store;
        _warn = warn;
        _inherited.Forget = store.Forget;
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

    /// <summary>Restores what was learned, the MACs used last first; the rest of a large table when frames are forwarded already (<see cref="FinishAsync"/>).</summary>
    public async Task RestoreAsync(ControlLoop control)
    {
        _state = ReadState();
        if (_state is not null)
        {
            await control.RestoreSeen(_state.Seen, 0, FirstMacs, Elapsed(_state));
        }
    }

    /// <summary>When frames are forwarded: the rest of what was learned, and an end to what nobody configures any more.</summary>
    public async Task FinishAsync(DataplaneService dataplane, ControlLoop control)
    {
        for (var from = FirstMacs; _state is not null && from < _state.Seen.Macs.Count; from += MacsARound)
        {
            await control.RestoreSeen(_state.Seen, from, MacsARound, Elapsed(_state));
        }

        _state = _state is null ? null : _state with { Seen = SeenMacs.None };
        _inherited.RefuseRest("", "it is not configured any more");
        _inherited.Settle();
        Follow(dataplane, _config.Topology);
    }

    /// <summary>Before a topology comes into force: writes down which TAPs are going to be ours. Else one that was made a moment before a crash would be nobody's for ever.</summary>
    public void Announce(TopologySpec topology)
    {
        var planned = topology.Ports.Values.Where(static port => port.Kind == PortDeviceKind.Tap).Select(port => new KeptTap(port.Device, port.Netns, Options.Tag!))
            .Where(tap => !_taps.Any(known => known.Device == tap.Device && known.Netns == tap.Netns)).ToArray();
        if (planned.Length > 0)
        {
            Write([.. _taps, .. planned]);
        }
    }

    /// <summary>After every change of what is open: tells the store, removes TAPs that were ours and are configured no more, and writes down which there are.</summary>
    public void Follow(DataplaneService dataplane, TopologySpec topology)
    {
        _store.Follow(dataplane.Held());
        var now = dataplane.KeptTaps().ToList();
        foreach (var before in _taps.Where(tap => !now.Contains(tap)))
        {
            // That of a port which could not be opened stays, and one that could not be removed is tried again.
            string? fault = null;
            var isConfigured = topology.Ports.Values.Any(port => port.Kind == PortDeviceKind.Tap && port.Device == before.Device && port.Netns == before.Netns);
            if (!isConfigured && KeptTap.Remove(before, out fault))
            {
                _warn($"tap '{before.Device}' is not configured any more: removed");
            }

            if (fault is not null)
            {
                _warn(fault);
            }

            if (isConfigured || fault is not null)
            {
                now.Add(before);
            }
        }

        if (!now.SequenceEqual(_taps))
        {
            Write(now);
        }
    }

    /// <summary>Once a second: puts queues back that grew for the restart, when what waited has been read.</summary>
    public void Tick(DataplaneService dataplane)
    {
        if (++_ticks == 2)
        {
            dataplane.Shrink(_state?.Queues ?? []);
            _state = null;
        }
        else if (_ticks > 2 && HasStore)
        {
            _store.Follow(dataplane.Held());
        }
    }

    /// <summary>Before the end: makes room for what comes while nobody reads, and leaves behind what was learned. Frames are forwarded still.</summary>
    public async Task LeaveAsync(DataplaneService dataplane, ControlLoop control)
    {
        // Of those that had not been put back yet, what they were is known from the process before.
        IReadOnlyList<QueueLength> queues = HasStore ? [.. dataplane.Grow(), .. _state?.Queues ?? []] : [];

        var octets = HandOverFormat.Write(new HandOverState(Machine.Boot(), Machine.Uptime(), queues, await control.ExportSeen()));
        var path = Path.Combine(_config.StateDirectory, FileName);
        if (_store.Leave(octets))
        {
            StateFile.Delete(path);
        }
        else if (StateFile.Write(path, octets) is { } fault)
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

    private static TimeSpan Elapsed(HandOverState state)
    {
        var elapsed = Machine.Uptime() - state.Uptime;
        return elapsed > TimeSpan.Zero ? elapsed : TimeSpan.Zero;
    }

    // Used once: what a crash leaves behind is older than what was learned since.
    private HandOverState? ReadState()
    {
        var path = Path.Combine(_config.StateDirectory, FileName);
        var octets = _inherited.TakeState(HandOverFormat.MaxLength);
        if (octets is null)
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

        var state = HandOverFormat.Read(octets, out var refusal);
        if (state is null)
        {
            _warn(string.Create(CultureInfo.InvariantCulture, $"what overlayd left behind at its end is refused, {refusal}: MACs are learned anew"));
            return null;
        }

        return state.Boot == Machine.Boot() ? state : null;
    }
}
