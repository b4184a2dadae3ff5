using Microsoft.Extensions.Logging;
using Overlay.Control.Etcd.Client;
using Overlay.Control.Etcd.Misses;
using Overlay.Control.Etcd.Model;
using Overlay.Control.Etcd.Options;
using Overlay.Encap;

namespace Overlay.Control.Etcd.Store;

/// <summary>The parts of one run of the plane, and what they share.</summary>
internal sealed class StoreContext : IDisposable
{
    private readonly List<Task> _tasks = [];

    public StoreContext(EtcdOptions options, EtcdClient client, FaultLedger faults, EtcdCounters counters, IRouteSink sink, TimeProvider time, Random random, ILogger log)
    {
        Options = options;
        Client = client;
        Faults = faults;
        Counters = counters;
        Time = time;
        Random = random;
        Log = log;
        Schema = new EtcdSchema(options.Prefix);
        Sink = new SinkGate(sink);
        Facts = new LocalFacts(time);
        Departures = new Departures(this);
        Claims = new Claims(this);
        Vtep = new OwnVtep(this);
        Lease = new LeaseKeeper(this);
        Misses = new MissResolver(this);
        Watcher = new StoreWatcher(this);
        Writer = new FactWriter(this);
    }

    public EtcdOptions Options { get; private set; }

    public EtcdClient Client { get; }

    public EtcdSchema Schema { get; }

    public FaultLedger Faults { get; }

    public EtcdCounters Counters { get; }

    public TimeProvider Time { get; }

    public Random Random { get; }

    public ILogger Log { get; }

    /// <summary>Ends all parts.</summary>
    public CancellationToken Stopping { get; init; }

    public SinkGate Sink { get; }

    public LocalFacts Facts { get; }

    public Departures Departures { get; }

    public VtepLeases VtepLeases { get; } = new();

    public Claims Claims { get; }

    public OwnVtep Vtep { get; }

    public LeaseKeeper Lease { get; }

    public MissResolver Misses { get; }

    public StoreWatcher Watcher { get; }

    public FactWriter Writer { get; }

    public void SetModes(EtcdOptions options)
    {
        Options = options;
        Watcher.ModesChanged();
    }

    public bool IsOnDemand(Vni vni) => Options.ModeOf(vni) == EtcdVniMode.OnDemand;

    /// <summary>Runs a part until it ends or is told to stop; one that fails is logged and started again after a while.</summary>
    public void Run(string part, Func<CancellationToken, Task> run, CancellationToken cancellationToken)
    {
        Task task = Task.Run(
            async () =>
            {
                var backOff = new BackOff(Options, Time, Random);
                while (!cancellationToken.IsCancellationRequested)
                {
                    try
                    {
                        await run(cancellationToken);
                        return;
                    }
                    catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
                    {
                        return;
                    }
                    catch (Exception error)
                    {
                        EtcdLog.PartFailed(Log, error, part);
                    }

                    try
                    {
                        await backOff.WaitAsync(cancellationToken);
                    }
                    catch (OperationCanceledException)
                    {
                        return;
                    }
                }
            },
            CancellationToken.None);
        lock (_tasks)
        {
            _ = _tasks.RemoveAll(static t => t.IsCompleted);
            _tasks.Add(task);
        }
    }

    /// <summary>Completes when all parts have stopped.</summary>
    public async Task StoppedAsync()
    {
        while (true)
        {
            Task[] running;
            lock (_tasks)
            {
                running = [.. _tasks.Where(static t => !t.IsCompleted)];
            }

            if (running.Length == 0)
            {
                return;
            }

            await Task.WhenAll(running);
        }
    }

    /// <summary>After all parts have stopped.</summary>
    public void Dispose()
    {
        Facts.Dispose();
        Lease.Dispose();
        Misses.Dispose();
        Watcher.Dispose();
    }

    /// <summary>Counts a fault; the first of its kind is logged.</summary>
    public void Fault(EtcdFault fault, ReadOnlySpan<byte> key, long revision, string detail = "")
    {
        if (Faults.Add(fault, key, revision, detail) == 0)
        {
            EtcdLog.Faulty(Log, EtcdFaultNames.Of(fault), FaultLedger.Printable(key), revision);
        }
    }
}
