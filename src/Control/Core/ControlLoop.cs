using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Overlay.Control.HandOver;
using Overlay.Control.Loop;
using Overlay.Control.Queries;
using Overlay.Control.Tables;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;

namespace Overlay.Control;

/// <summary>
/// The only writer of the forwarding tables: one dedicated thread that takes routes of planes, hints of workers, topology and the clock, decides
/// by <see cref="Precedence"/> and writes what changed. It never dies: a message that fails is logged, counted, and the next one is taken.
/// </summary>
/// <remarks>
/// <b>Threading:</b> every public member may be called by any thread, the control thread included; effects take place in the order of the calls
/// of one caller. <b>Back-pressure:</b> the mailbox is bounded; a caller waits while it is full. <b>Queries</b> run on the control thread after
/// everything that was posted before them, and return rows that are theirs.
/// </remarks>
public sealed class ControlLoop : IAsyncDisposable
{
    private const int BatchSize = 1024;

    /// <summary>Hints taken before anything else has its turn: what the ring of a worker holds.</summary>
    private const int HintsARound = 4096;
    private readonly ControlCore _core;
    private readonly IForwardingWriter _writer;
    private readonly ControlOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Channel<ControlMessage> _mailbox;
    private readonly ManualResetEventSlim _wake = new(false, spinCount: 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _runners = [];
    private readonly List<Func<Task>> _waiting = [];
    private readonly Lock _gate = new();
    private readonly Thread _thread;
    private readonly Action _wakeForHint;
    private volatile bool _isStopping;
    private bool _isStarted;
    private long _failures;
    private long _firstFailure;

    /// <summary>Makes a loop; nothing runs before <see cref="Start"/>.</summary>
    /// <param name="writer">The tables; nobody else may write them from now on.</param>
    /// <param name="options">Settings.</param>
    /// <param name="time">The clock of ages, holds and back-offs.</param>
    /// <param name="loggers">Where it logs.</param>
    public ControlLoop(IForwardingWriter writer, ControlOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(loggers);
        _writer = writer;
        _options = options;
        _time = time;
        _log = loggers.CreateLogger<ControlLoop>();
        _core = new ControlCore(writer, options, time, _log);
        _mailbox = Channel.CreateBounded<ControlMessage>(new BoundedChannelOptions(options.MailboxSize) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });
        _wakeForHint = _wake.Set;
        _thread = new Thread(Run) { IsBackground = true, Name = "control" };
    }

    /// <summary>Messages and rounds that failed since the start.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>Local and learned MACs of all VNIs together that it takes.</summary>
    public int LearnLimit => _options.LearnLimit;

    /// <summary>Starts the thread and the planes.</summary>
    /// <exception cref="InvalidOperationException">It was started before.</exception>
    public void Start()
    {
        lock (_gate)
        {
            if (_isStarted)
            {
                throw new InvalidOperationException("started twice");
            }

            _isStarted = true;
            _thread.Start();
            foreach (Func<Task> runner in _waiting)
            {
                _runners.Add(Task.Run(runner));
            }

            _waiting.Clear();
        }
    }

    /// <summary>Adds a plane; it runs from <see cref="Start"/> on, and is started again with a back-off when it ends.</summary>
    /// <param name="plane">The plane.</param>
    /// <param name="staleHold">How long its routes stay when it is lost; null for <see cref="ControlOptions.StaleHold"/>.</param>
    /// <param name="after">It runs when this has completed; null for at once.</param>
    public void AddPlane(IControlPlane plane, TimeSpan? staleHold = null, Task? after = null)
    {
        ArgumentNullException.ThrowIfNull(plane);
        Task<PlaneState> registered = QueryAsync(core => core.AddPlane(plane.Name, plane.Origin, staleHold, plane.AnswersMisses));
        Func<Task> runner = () => RunPlaneAsync(plane, registered, after ?? Task.CompletedTask);
        lock (_gate)
        {
            if (_isStarted)
            {
                _runners.Add(Task.Run(runner));
            }
            else
            {
                _waiting.Add(runner);
            }
        }
    }

    /// <summary>Runs something on the control thread, in its place in the mailbox.</summary>
    /// <returns>Completes when it ran; carries its exception.</returns>
    public Task InvokeAsync(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        return QueryAsync<object?>(_ =>
        {
            action();
            return null;
        });
    }

    /// <summary>Takes in a topology that the forwarding tables have already; only what changed is touched.</summary>
    /// <param name="topology">The topology.</param>
    /// <param name="ports">Indexes of its ports; a port that could not be opened is missing.</param>
    public Task SetTopology(TopologySpec topology, IReadOnlyDictionary<string, PortId> ports)
    {
        ArgumentNullException.ThrowIfNull(topology);
        ArgumentNullException.ThrowIfNull(ports);
        return CallAsync(core => core.SetTopology(topology, ports));
    }

    /// <summary>Says that a port is up or down, and its own address, which is announced while it is up. A port starts up and without one.</summary>
    public Task SetPort(string name, bool isUp, MacAddress mac) => CallAsync(core => core.SetPort(name, isUp, mac));

    /// <summary>Says which local VTEP addresses are in being; everything is resolved anew if that changed.</summary>
    public Task SetLocalAddresses(ImmutableArray<UnderlayAddress> addresses) => CallAsync(core => core.SetLocalAddresses(addresses));

    /// <summary>Switches a VTEP on or off for all that is behind it.</summary>
    /// <returns>False if nobody knows it.</returns>
    public Task<bool> SetVtepState(VtepEndpoint vtep, VtepState state) => QueryAsync(core => core.SetVtepState(vtep, state));

    /// <summary>MACs in force, of one VNI or (null) of all.</summary>
    /// <param name="vni">The VNI.</param>
    /// <param name="cursor">0 to begin, then <see cref="FdbPage.Next"/>.</param>
    /// <param name="limit">Rows a page, 1–100,000.</param>
    public Task<FdbPage> FdbShow(Vni? vni = null, long cursor = 0, int limit = 1000) => QueryAsync(core => core.FdbShow(vni, cursor, Math.Clamp(limit, 1, 100_000)));

    /// <summary>Which MACs are in force, of one VNI or (null) of all, ascending; rows of them by <see cref="FdbRows"/>.</summary>
    /// <param name="vni">The VNI.</param>
    /// <param name="limit">Keys at most, 1 or more.</param>
    public async Task<KeyList<FdbKey>> FdbKeys(Vni? vni, int limit)
    {
        (FdbKey[] keys, bool isTruncated) = await QueryAsync(core => core.FdbKeys(vni, limit));
        Array.Sort(keys);
        return new KeyList<FdbKey>(keys, isTruncated);
    }

    /// <summary>Rows of MACs, in the order of their keys; what is not in force any more has none. A thousand at a time are a good number.</summary>
    public Task<ImmutableArray<FdbEntryRow>> FdbRows(ReadOnlyMemory<FdbKey> keys) => QueryAsync(core => core.FdbRows(keys.Span));

    /// <summary>Why a MAC goes where it goes.</summary>
    public Task<FdbExplanation> FdbWhy(Vni vni, MacAddress mac) => QueryAsync(core => core.FdbWhy(vni, mac));

    /// <summary>Forgets local and learned MACs; a port's own address, static MACs and routes of planes stay.</summary>
    /// <returns>Completes when the last one is out of the forwarding tables; cancelled if the loop ends before.</returns>
    public async Task<FdbFlushResult> FdbFlush(FdbFilter filter)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var done = new TaskCompletionSource<FdbFlushResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        await CallAsync(core => core.FlushLearned(filter, done.SetResult));
        return await done.Task.WaitAsync(_stop.Token);
    }

    /// <summary>MACs that moved not long ago, of one VNI or (null) of all.</summary>
    /// <param name="vni">The VNI.</param>
    /// <param name="limit">Rows, 1–100,000.</param>
    public Task<FdbMoves> FdbMoves(Vni? vni = null, int limit = 1000) => QueryAsync(core => core.Moves(vni, Math.Clamp(limit, 1, 100_000)));

    /// <summary>Lets frozen MACs move again, and forgets how often they moved.</summary>
    /// <param name="vni">Of this VNI; null for all.</param>
    /// <param name="mac">This one; null for all.</param>
    public Task<FdbUnfreezeResult> FdbUnfreeze(Vni? vni = null, MacAddress? mac = null) => QueryAsync(core => core.Unfreeze(vni, mac));

    /// <summary>What the mass-withdraw guard holds of each plane.</summary>
    public Task<ImmutableArray<GuardRow>> Guard() => QueryAsync<ImmutableArray<GuardRow>>(static core => [.. core.GuardRows()]);

    /// <summary>Lets go what the mass-withdraw guard holds, of one plane or (null) of all.</summary>
    public Task<GuardApproval> ApproveWithdraws(string? plane = null) => QueryAsync(core => core.Approve(plane));

    /// <summary>Takes in other settings of the mass-withdraw guard and of staleness; where the guard is off now nothing is held any more.</summary>
    /// <param name="guard">The guard's settings.</param>
    /// <param name="staleHold">As <see cref="ControlOptions.StaleHold"/>.</param>
    public Task SetGuard(GuardOptions guard, TimeSpan? staleHold)
    {
        ArgumentNullException.ThrowIfNull(guard);
        return CallAsync(core => core.Configure(guard, staleHold));
    }

    /// <summary>What was learned from frames, for the process after this one.</summary>
    public Task<SeenMacs> ExportSeen() => QueryAsync(static core => core.ExportSeen());

    /// <summary>Learns what was seen before a restart, by the rules for what is seen now; what was seen meanwhile stays.</summary>
    /// <param name="seen">What was seen.</param>
    /// <param name="from">The first one to take.</param>
    /// <param name="count">How many to take.</param>
    /// <param name="elapsed">How long ago that was written down.</param>
    /// <returns>How many are in force.</returns>
    public Task<int> RestoreSeen(SeenMacs seen, int from, int count, TimeSpan elapsed)
    {
        ArgumentNullException.ThrowIfNull(seen);
        uint tenths = (uint)Math.Clamp(elapsed.TotalMilliseconds / 100, 0, int.MaxValue);
        return QueryAsync(core => core.RestoreSeen(seen, from, count, tenths));
    }

    /// <summary>What planes have given, for the process after this one.</summary>
    public Task<IReadOnlyList<KeptRoutes>> ExportRoutes() => QueryAsync(static core => core.ExportRoutes());

    /// <summary>
    /// Puts in force what a plane had given before a restart. It is stale until the plane has given everything again. After <see cref="AddPlane"/>, before the plane runs.
    /// </summary>
    /// <param name="kept">What it had given.</param>
    /// <returns>How many routes were taken; 0 if there is no such plane.</returns>
    public Task<int> RestoreRoutes(KeptRoutes kept)
    {
        ArgumentNullException.ThrowIfNull(kept);
        return QueryAsync(core => core.RestoreRoutes(kept));
    }

    /// <summary>All VTEPs, by name.</summary>
    public Task<ImmutableArray<VtepRow>> Vteps() => QueryAsync(static core => core.Vteps());

    /// <summary>All planes, in the order they were added.</summary>
    public Task<ImmutableArray<PlaneRow>> Planes() => QueryAsync(static core => core.Planes());

    /// <summary>All VNIs, by number, those included that only planes know.</summary>
    public Task<ImmutableArray<VniRow>> Vnis() => QueryAsync(static core => core.Vnis());

    /// <summary>Neighbour bindings in force, of one VNI or (null) of all.</summary>
    public Task<ImmutableArray<NeighborRow>> Neighbors(Vni? vni = null) => QueryAsync(core => core.Neighbors(vni));

    /// <summary>Which neighbour bindings there are, of one VNI or (null) of all, ascending; rows of them by <see cref="NeighborRows"/>.</summary>
    /// <param name="vni">The VNI.</param>
    /// <param name="limit">Keys at most, 1 or more.</param>
    public async Task<KeyList<NeighborKey>> NeighborKeys(Vni? vni, int limit)
    {
        (NeighborKey[] keys, bool isTruncated) = await QueryAsync(core => core.NeighborKeys(vni, limit));
        Array.Sort(keys);
        int count = 0;
        foreach (NeighborKey key in keys)
        {
            // Several sources may have given one.
            if (count == 0 || keys[count - 1] != key)
            {
                keys[count++] = key;
            }
        }

        return new KeyList<NeighborKey>(keys.AsMemory(0, count), isTruncated);
    }

    /// <summary>Rows of neighbour bindings, in the order of their keys; what is gone has none. A thousand at a time are a good number.</summary>
    public Task<ImmutableArray<NeighborRow>> NeighborRows(ReadOnlyMemory<NeighborKey> keys) => QueryAsync(core => core.NeighborRows(keys.Span));

    /// <summary>Alarms that are on; <see cref="Failures"/> are one until the end.</summary>
    public Task<ImmutableArray<AlarmRow>> Alarms() => QueryAsync(core => _failures == 0 ? core.Alarms() : core.Alarms().Add(FailureRow()));

    /// <summary>What became of hints.</summary>
    public Task<LearnCounters> LearnCounters() => QueryAsync(static core => core.LearnCounters());

    /// <summary>Everything that is counted, in one turn of the control thread.</summary>
    public Task<ControlFigures> Figures() => QueryAsync(core =>
    {
        ControlFigures figures = core.Figures();
        return _failures == 0 ? figures : figures with { Alarms = figures.Alarms.Add(FailureRow()) };
    });

    /// <summary>Completes when everything posted before is in the forwarding tables, sliced work included.</summary>
    public Task SettleAsync() => CallAsync(static core => core.FinishWork());

    /// <summary>Ends the planes, then the thread; what the tables hold stays.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        Task[] runners;
        lock (_gate)
        {
            runners = [.. _runners];
        }

        await Task.WhenAll(runners);

        // In this order: what a caller could still put into the mailbox is there before the thread looks for the last time, or that caller would wait for ever.
        _ = _mailbox.Writer.TryComplete();
        _isStopping = true;
        _wake.Set();
        if (_isStarted && Thread.CurrentThread != _thread)
        {
            await Task.Run(_thread.Join);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        _wake.Dispose();
    }

    /// <summary>Puts a message into the mailbox; waits while it is full. After the end it is discarded.</summary>
    /// <returns>False if it was discarded.</returns>
    internal bool Post(in ControlMessage message)
    {
        while (!_mailbox.Writer.TryWrite(message))
        {
            if (_isStopping)
            {
                return false;
            }

            if (Thread.CurrentThread == _thread)
            {
                // Waiting for ourselves would be for ever, so make room first.
                Drain(BatchSize);
                continue;
            }

            if (!_mailbox.Writer.WaitToWriteAsync().AsTask().GetAwaiter().GetResult())
            {
                return false;
            }
        }

        _wake.Set();
        return true;
    }

    private AlarmRow FailureRow() => new(
        AlarmNames.Of(AlarmKind.ControlFailure), "control loop", AlarmNames.Sentence(AlarmKind.ControlFailure), _time.GetElapsedTime(_firstFailure), _failures);

    private void CountFailure()
    {
        if (Interlocked.Increment(ref _failures) == 1)
        {
            _firstFailure = _time.GetTimestamp();
        }
    }

    private Task<object?> CallAsync(Action<ControlCore> action) => QueryAsync<object?>(core =>
    {
        action(core);
        return null;
    });

    private Task<T> QueryAsync<T>(Func<ControlCore, T> query)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Answer(ControlCore core)
        {
            try
            {
                core.Flush();
                T result = query(core);
                core.Flush();
                done.SetResult(result);
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        }

        if (_isStopping || !Post(new ControlMessage { Kind = ControlMessageKind.Call, Payload = (Action<ControlCore>)Answer }))
        {
            done.SetException(new ObjectDisposedException(nameof(ControlLoop)));
        }

        return done.Task;
    }

    private void Run()
    {
        var hints = new LearnHint[512];
        int wait = 0;
        bool listens = false;
        long learned = 0;
        while (!_isStopping || _mailbox.Reader.Count > 0)
        {
            if (wait > 0)
            {
                if (!listens || _writer.AwaitHint(_wakeForHint))
                {
                    _ = _wake.Wait(wait);
                }

                learned = _core.Learned;
            }

            _wake.Reset();
            bool isBusy = Drain(BatchSize);
            int hinted = 0;
            bool hasMoreHints = true;
            try
            {
                while (hasMoreHints && hinted < HintsARound)
                {
                    int read = _writer.ReadHints(hints);
                    hinted += read;
                    hasMoreHints = read == hints.Length;
                    _core.Hint(hints.AsSpan(0, read));
                }

                _core.Tick(hasMoreHints);
                _core.FlushSome(isDrained: !isBusy);
            }
            catch (Exception error)
            {
                hasMoreHints = false;
                CountFailure();
                ControlLog.WorkFailed(_log, error);
            }

            listens = false;
            if (isBusy || hasMoreHints)
            {
                // There is more already.
                wait = 0;
            }
            else if (_core.HasWork || (hinted > 0 && _core.Learned != learned))
            {
                // A worker that just told something has more to tell soon.
                wait = 1;
            }
            else if (hinted > 0)
            {
                // What nothing can be learned of comes again and again.
                wait = Math.Max(1, (int)_options.HintPause.TotalMilliseconds);
            }
            else
            {
                wait = (int)Math.Clamp(_core.UntilDue.TotalMilliseconds, 1, Math.Max(1, _options.IdleTick.TotalMilliseconds));
                listens = true;
            }

            if (wait > 0 && _core.FlushDue(isDrained: true) is { } due)
            {
                wait = Math.Min(wait, (int)Math.Ceiling(due.TotalMilliseconds));
            }
        }
    }

    /// <summary>Takes up to a number of messages; true if there may be more.</summary>
    private bool Drain(int limit)
    {
        int taken = 0;
        while (taken < limit && _mailbox.Reader.TryRead(out ControlMessage message))
        {
            taken++;
            try
            {
                if (message.Kind == ControlMessageKind.Call)
                {
                    ((Action<ControlCore>)message.Payload!)(_core);
                }
                else
                {
                    PlaneSink.Apply(_core, message);
                }
            }
            catch (Exception error)
            {
                CountFailure();
                ControlLog.MessageFailed(_log, error, message.Kind.ToString());
            }
        }

        return taken == limit;
    }

    private async Task RunPlaneAsync(IControlPlane plane, Task<PlaneState> registered, Task after)
    {
        PlaneState state = await registered;
        await after.WaitAsync(_stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var sink = new PlaneSink(this, state);
        TimeSpan delay = _options.RestartFirst;
        while (!_stop.IsCancellationRequested)
        {
            Exception? ended = null;
            long began = _time.GetTimestamp();
            try
            {
                ChannelReader<LocalEvent> local = await QueryAsync(_ =>
                {
                    state.Started();
                    return state.Feed.Reader;
                });
                ControlLog.PlaneStarted(_log, plane.Name);
                await plane.RunAsync(sink, local, _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                ended = error;
            }

            if (_stop.IsCancellationRequested)
            {
                return;
            }

            // One that ran well for a while deserves a quick start.
            delay = _time.GetElapsedTime(began) > _options.RestartLast ? _options.RestartFirst : delay;
            ControlLog.PlaneEnded(_log, ended, plane.Name, delay);
            try
            {
                await CallAsync(core => core.PlaneEnded(state, ended?.Message ?? "it returned"));
            }
            catch (Exception error)
            {
                // Whatever it is, the plane is to be started again, and we are to end when the loop does.
                ControlLog.MessageFailed(_log, error, nameof(ControlMessageKind.Call));
                CountFailure();
            }

            try
            {
                await Task.Delay(delay, _time, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            delay = delay * 2 < _options.RestartLast ? delay * 2 : _options.RestartLast;
        }
    }
}
