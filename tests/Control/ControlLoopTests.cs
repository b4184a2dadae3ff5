using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Control.Queries;
using Overlay.Control.Tests.Support;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

public sealed class ControlLoopTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task The_loop_outlives_what_fails_in_it()
    {
        var writer = new RecordingWriter();
        await using ControlLoop loop = await StartAsync(writer);
        await Assert.ThrowsAsync<InvalidOperationException>(() => loop.InvokeAsync(static () => throw new InvalidOperationException("boom")));
        var plane = new ScriptedPlane();
        loop.AddPlane(plane);
        IRouteSink sink = await plane.Sink();
        sink.Upsert(new MacRoute(new Vni(V), Mac(1), To("192.0.2.2")));
        await loop.SettleAsync();

        Assert.Empty(await loop.Alarms());
        await loop.InvokeAsync(() => writer.IsBroken = true);
        sink.Upsert(new MacRoute(new Vni(V), Mac(2), To("192.0.2.2")));
        sink.Upsert(new MacRoute(new Vni(V), Mac(3), To("192.0.2.3")));
        await UntilAsync(() => Task.FromResult(loop.Failures >= 2));
        await loop.InvokeAsync(() => writer.IsBroken = false);
        sink.Upsert(new MacRoute(new Vni(V), Mac(4), To("192.0.2.2")));
        sink.Upsert(new MacRoute(new Vni(V), Mac(2), To("192.0.2.2"), Sequence: 1));
        await loop.SettleAsync();
        Assert.NotNull(writer.Row(V, Mac(4)));
        Assert.NotNull(writer.Row(V, Mac(2)));
        Assert.Contains(await loop.Alarms(), row => row.Name == "control_failure" && row.Count == loop.Failures);
    }

    [Fact]
    public async Task Actions_run_on_the_control_thread_in_order()
    {
        await using ControlLoop loop = await StartAsync(new RecordingWriter());
        var order = new List<(int, string?)>();
        Task last = Task.CompletedTask;
        for (int i = 0; i < 5000; i++)
        {
            int n = i;
            last = loop.InvokeAsync(() => order.Add((n, Thread.CurrentThread.Name)));
        }

        await last;
        Assert.Equal(Enumerable.Range(0, 5000).Select(static i => (i, (string?)"control")), order);
    }

    [Fact]
    public async Task A_full_mailbox_makes_the_sender_wait_and_loses_nothing()
    {
        var writer = new RecordingWriter();
        await using ControlLoop loop = await StartAsync(writer, new ControlOptions { MailboxSize = 16 });
        var plane = new ScriptedPlane();
        loop.AddPlane(plane);
        IRouteSink sink = await plane.Sink();
        for (int i = 1; i <= 2000; i++)
        {
            sink.Upsert(new MacRoute(new Vni(V), Mac(i), To("192.0.2.2")));
        }

        // From the control thread itself, where waiting would be for ever.
        await loop.InvokeAsync(() =>
        {
            for (int i = 2001; i <= 2100; i++)
            {
                sink.Upsert(new MacRoute(new Vni(V), Mac(i), To("192.0.2.2")));
            }
        });
        await loop.SettleAsync();
        Assert.Equal(2100, writer.MacCount(V));
    }

    [Fact]
    public async Task Hints_of_workers_are_read_without_being_asked()
    {
        var writer = new RecordingWriter();
        await using ControlLoop loop = await StartAsync(writer);
        writer.Tell(new LearnHint { Vni = new Vni(V), Mac = Mac(1), Seen = FdbTarget.ToPort(new PortId(0)) });
        await UntilAsync(async () => (await loop.LearnCounters()).Learned == 1);
        FdbEntryRow row = Assert.Single((await loop.FdbShow()).Rows);
        Assert.Equal(("p0", FdbOrigin.Local), (row.Port, row.Origin));
    }

    [Fact]
    public async Task Hints_that_teach_nothing_wake_the_loop_once_a_pause()
    {
        var writer = new RecordingWriter();
        await using ControlLoop loop = await StartAsync(writer, new ControlOptions { HintPause = TimeSpan.FromHours(1) });
        var useless = new LearnHint { Vni = new Vni(V + 1), Mac = Mac(1), Seen = FdbTarget.ToPort(new PortId(0)) };
        await UntilAsync(() => Told(1));
        await UntilAsync(() => Task.FromResult(writer.HintCount == 0));
        for (int i = 0; i < 1000; i++)
        {
            writer.Tell(useless);
        }

        // They wait for the pause's end, or for whoever wakes the loop anyway.
        Assert.Equal((1, 1000), (writer.Wakes, writer.HintCount));
        await loop.SettleAsync();
        await UntilAsync(() => Task.FromResult(writer.HintCount == 0));
        Assert.Equal(1, writer.Wakes);

        // Only a loop that sleeps is woken, so it is told until it was.
        Task<bool> Told(int wakes)
        {
            if (writer.Wakes < wakes)
            {
                writer.Tell(useless);
            }

            return Task.FromResult(writer.Wakes == wakes);
        }
    }

    [Fact]
    public async Task A_plane_that_ends_is_started_again_with_a_back_off_while_its_routes_stay()
    {
        var writer = new RecordingWriter();
        var time = new ManualTime();
        await using ControlLoop loop = await StartAsync(writer, time: time);
        var plane = new ScriptedPlane();
        loop.AddPlane(plane);
        IRouteSink sink = await plane.Sink();
        sink.ReportConnected(true);
        sink.Upsert(new MacRoute(new Vni(V), Mac(1), To("192.0.2.2")));
        plane.Fail();
        await UntilAsync(async () => (await loop.Planes())[0] is { IsRunning: false, IsConnected: false });
        Assert.Equal(1, writer.MacCount(V));
        Assert.Equal(FdbFlags.Stale, Assert.Single((await loop.FdbShow()).Rows).Flags);
        Assert.Equal("scripted end", (await loop.Planes())[0].LastError);

        int runs = plane.Runs;
        await UntilAsync(() => Task.FromResult(time.TimerCount > 0));
        time.Advance(TimeSpan.FromMilliseconds(900));
        Assert.Equal(runs, plane.Runs);
        time.Advance(TimeSpan.FromMilliseconds(200));
        await UntilAsync(() => Task.FromResult(plane.Runs == runs + 1));

        // A second end right away waits for twice as long.
        plane.Fail();
        await UntilAsync(() => Task.FromResult(time.TimerCount > 0));
        time.Advance(TimeSpan.FromMilliseconds(1500));
        Assert.Equal(runs + 1, plane.Runs);
        time.Advance(TimeSpan.FromMilliseconds(600));
        await UntilAsync(() => Task.FromResult(plane.Runs == runs + 2));
    }

    [Fact]
    public async Task A_plane_is_told_everything_at_its_start_and_again_after_a_loss()
    {
        var writer = new RecordingWriter();
        await using ControlLoop loop = await StartAsync(writer, new ControlOptions { LocalEventSize = 64 });
        for (int i = 1; i <= 300; i++)
        {
            writer.Tell(new LearnHint { Vni = new Vni(V), Mac = Mac(i), Seen = FdbTarget.ToPort(new PortId(0)) });
        }

        await UntilAsync(async () => (await loop.LearnCounters()).Learned == 300);
        var plane = new ScriptedPlane();
        loop.AddPlane(plane);
        _ = await plane.Sink();
        List<LocalEvent> first = await ReadAsync(plane.Local!, 300);
        Assert.Equal(LocalEventKind.Resync, first[0].Kind);
        Assert.Contains(first, static e => e.Kind == LocalEventKind.LocalVtepChanged && e.LocalAddresses.Length == 2);
        Assert.Contains(first, static e => e.Kind == LocalEventKind.VniAttached && e.Vni == new Vni(V));
        Assert.Contains(first, static e => e.Kind == LocalEventKind.PortUp && e.Port == "p0");

        // Nobody reads now: more happens than the channel holds.
        for (int i = 301; i <= 500; i++)
        {
            writer.Tell(new LearnHint { Vni = new Vni(V), Mac = Mac(i), Seen = FdbTarget.ToPort(new PortId(0)) });
        }

        await UntilAsync(async () => (await loop.LearnCounters()).Learned == 500);
        List<LocalEvent> second = [];
        while (second.Count == 0 || second[^1].Kind != LocalEventKind.Resync)
        {
            second.Add(await plane.Local!.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience));
        }

        _ = await ReadAsync(plane.Local!, 500);
        Assert.True((await loop.Planes())[0].LostEvents > 0);
    }

    [Fact]
    public async Task Nothing_is_taken_after_the_end_and_nobody_waits_for_ever()
    {
        ControlLoop loop = await StartAsync(new RecordingWriter());
        await loop.StopAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => loop.Planes());
        await loop.DisposeAsync();
    }

    private static async Task<ControlLoop> StartAsync(RecordingWriter writer, ControlOptions? options = null, ManualTime? time = null)
    {
        writer.AddVni(V);
        var loop = new ControlLoop(writer, options ?? new ControlOptions(), time ?? new ManualTime(), NullLoggerFactory.Instance);
        loop.Start();
        var topology = new TopologySpec
        {
            Ports = ImmutableSortedDictionary<string, PortSpec>.Empty.Add("p0", new PortSpec { Name = "p0", Device = "t0" }),
            Vnis = [new VniSpec { Vni = new Vni(V), Ports = ["p0"] }],
        };
        await loop.SetTopology(topology, new Dictionary<string, PortId> { ["p0"] = new(0) });
        await loop.SetLocalAddresses([Ip("192.0.2.1"), Ip("2001:db8::1")]);
        return loop;
    }

    private static async Task<List<LocalEvent>> ReadAsync(ChannelReader<LocalEvent> local, int macs)
    {
        var told = new List<LocalEvent>();
        var distinct = new HashSet<MacAddress>();
        while (distinct.Count < macs)
        {
            LocalEvent fact = await local.ReadAsync().AsTask().WaitAsync(Patience);
            told.Add(fact);
            if (fact.Kind == LocalEventKind.MacLearned)
            {
                _ = distinct.Add(fact.Mac);
            }
        }

        return told;
    }

    [Fact]
    public async Task A_plane_whose_end_cannot_be_taken_in_is_started_again_all_the_same()
    {
        var writer = new RecordingWriter();
        var time = new ManualTime();
        ControlLoop loop = await StartAsync(writer, time: time);
        var plane = new ScriptedPlane();
        loop.AddPlane(plane);
        IRouteSink sink = await plane.Sink();
        sink.ReportConnected(true);
        sink.Upsert(new MacRoute(new Vni(V), Mac(1), To("192.0.2.2")));
        await loop.SettleAsync();
        await loop.InvokeAsync(() => writer.IsBroken = true);
        plane.Fail();
        await UntilAsync(() => Task.FromResult(loop.Failures > 0 && time.TimerCount > 0));
        await loop.InvokeAsync(() => writer.IsBroken = false);
        time.Advance(TimeSpan.FromSeconds(2));
        await UntilAsync(() => Task.FromResult(plane.Runs == 2));
        await loop.StopAsync();
        await loop.DisposeAsync();
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private sealed class ScriptedPlane : IControlPlane
    {
        private readonly TaskCompletionSource<IRouteSink> _sink = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _runs;

        public string Name => "scripted";

        public RouteOrigin Origin => RouteOrigin.Evpn;

        public int Runs => Volatile.Read(ref _runs);

        public ChannelReader<LocalEvent>? Local { get; private set; }

        public Task<IRouteSink> Sink() => _sink.Task.WaitAsync(Patience);

        public void Fail() => _end.SetException(new InvalidOperationException("scripted end"));

        public async Task RunAsync(IRouteSink routes, ChannelReader<LocalEvent> local, CancellationToken cancellationToken)
        {
            Local = local;
            _end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _ = Interlocked.Increment(ref _runs);
            _ = _sink.TrySetResult(routes);
            await _end.Task.WaitAsync(cancellationToken);
        }
    }
}
