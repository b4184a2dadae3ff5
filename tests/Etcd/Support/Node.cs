using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Overlay.Control.Etcd.Options;
using Overlay.Control.Queries;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;

namespace Overlay.Control.Etcd.Tests.Support;

/// <summary>A VTEP in memory: the dataplane with its real tables, the control loop on its thread, the plane. Frames in, tables out.</summary>
internal sealed class Node : IAsyncDisposable
{
    public const uint V = 100;
    private readonly Lock _gate = new();
    private bool _disposed;

    public Node(string name, string address, ImmutableArray<Uri> endpoints, Func<EtcdOptions, EtcdOptions>? adjust = null, Func<ControlOptions, ControlOptions>? control = null, uint[]? vnis = null)
    {
        Name = name;
        Dataplane = new MemoryNode([UnderlayAddress.Parse(address)]);
        var options = new EtcdOptions
        {
            Endpoints = endpoints,
            Node = name,
            Lease = TimeSpan.FromSeconds(5),
            HealthInterval = TimeSpan.FromSeconds(1),
            RequestTimeout = TimeSpan.FromSeconds(3),
        };
        Plane = new EtcdPlane(adjust is null ? options : adjust(options), TimeProvider.System, new Loggers(this));
        Loop = new ControlLoop(Dataplane.Forwarding, control is null ? new ControlOptions() : control(new ControlOptions()), TimeProvider.System, new Loggers(this));
        SetTopology(Topology(vnis ?? [V]));
        _ = Loop.SetLocalAddresses([UnderlayAddress.Parse(address)]);
    }

    public string Name { get; }

    public MemoryNode Dataplane { get; }

    public ControlLoop Loop { get; }

    public EtcdPlane Plane { get; }

    public ConcurrentQueue<string> Log { get; } = [];

    public Node Start()
    {
        Loop.AddPlane(Plane);
        Loop.Start();
        return this;
    }

    /// <summary>One port, in the first of the VNIs.</summary>
    public static TopologySpec Topology(params uint[] vnis) => new()
    {
        Ports = new Dictionary<string, PortSpec>(StringComparer.Ordinal) { ["p0"] = new PortSpec { Name = "p0", Device = "tap-p0", MacLimit = 200_000 } }.ToImmutableSortedDictionary(StringComparer.Ordinal),
        Vnis = [.. vnis.Select(static (v, i) => new VniSpec { Vni = new Vni(v), Ports = i == 0 ? ["p0"] : [], LearnLimit = 200_000 })],
    };

    public void SetTopology(TopologySpec spec)
    {
        Dataplane.Apply(spec);
        _ = Loop.SetTopology(spec, spec.Ports.ToDictionary(static p => p.Key, p => Dataplane.Port(p.Key).Id));
    }

    public static MacAddress Mac(int number) => new(0x02_00_00_00_00_00UL + (ulong)number);

    /// <summary>A host behind our port sends a broadcast.</summary>
    public void Speak(int mac)
    {
        byte[] frame = new byte[60];
        frame.AsSpan(0, 6).Fill(0xFF);
        Mac(mac).WriteTo(frame.AsSpan(6));
        frame[12] = 0x88;
        frame[13] = 0xB5;
        lock (_gate)
        {
            Dataplane.Send("p0", frame);
        }
    }

    /// <summary>Where a MAC is: a peer's name, a port's, or "-".</summary>
    public async Task<string> PlaceAsync(int mac, uint vni = V)
    {
        FdbExplanation why = await Loop.FdbWhy(new Vni(vni), Mac(mac));
        return why.Winner?.Peer ?? why.Winner?.Port ?? "-";
    }

    public async Task<string> FloodsAsync(uint vni = V)
    {
        ImmutableArray<VtepRow> vteps = await Loop.Vteps();
        _ = vni;
        return string.Join(' ', vteps.Select(static v => v.Name).Order(StringComparer.Ordinal));
    }

    public async Task<int> CountAsync() => (await Loop.FdbShow(null, 0, 100_000)).Rows.Count(static r => r.Origin == FdbOrigin.Etcd);

    public async Task<bool> IsStaleAsync() => (await Loop.Planes())[0] is { IsConnected: false };

    public long Count(string counter) => Plane.Status().Counters[counter];

    public long Faults(string fault) => Plane.Status().Faults.FirstOrDefault(f => f.Name == fault)?.Count ?? 0;

    /// <summary>As a power cut: nothing is said to anybody.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_disposed)
        {
            _disposed = true;
            await Loop.DisposeAsync();
            Plane.Dispose();
        }
    }

    private sealed class Loggers(Node node) : ILoggerFactory, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            node.Log.Enqueue($"{DateTime.Now:HH:mm:ss.fff} {node.Name} {logLevel} {formatter(state, exception)} {exception}");
        }
    }
}
