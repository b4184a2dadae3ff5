using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Control.Etcd.Options;
using Overlay.Encap;

namespace Overlay.Control.Etcd.Tests.Support;

/// <summary>A plane alone: the test tells it what happens on our side, and reads what it gives as lines.</summary>
internal sealed class Script : IRouteSink, IAsyncDisposable
{
    private readonly Channel<LocalEvent> _local = Channel.CreateUnbounded<LocalEvent>();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _run;

    public Script(EtcdOptions options, params uint[] vnis)
    {
        Plane = new EtcdPlane(options, TimeProvider.System, NullLoggerFactory.Instance);
        Tell(new LocalEvent { Kind = LocalEventKind.Resync });
        Tell(new LocalEvent { Kind = LocalEventKind.LocalVtepChanged, LocalAddresses = [UnderlayAddress.Parse("192.0.2.1")] });
        foreach (uint vni in vnis)
        {
            Tell(new LocalEvent { Kind = LocalEventKind.VniAttached, Vni = new Vni(vni) });
        }

        Tell(new LocalEvent { Kind = LocalEventKind.ResyncEnd });
        _run = Task.Run(() => Plane.RunAsync(this, _local.Reader, _stop.Token));
    }

    public EtcdPlane Plane { get; }

    public ConcurrentQueue<string> Given { get; } = [];

    /// <summary>Where the plane has MACs and neighbours, by key.</summary>
    public ConcurrentDictionary<string, string> Table { get; } = [];

    public bool IsRunning => !_run.IsCompleted;

    public static EtcdOptions Options(IEnumerable<Uri> endpoints) => new()
    {
        Endpoints = [.. endpoints],
        Node = "a",
        Lease = TimeSpan.FromSeconds(5),
        RequestTimeout = TimeSpan.FromSeconds(2),
        HealthInterval = TimeSpan.FromMilliseconds(500),
        BackOffFirst = TimeSpan.FromMilliseconds(100),
        BackOffLast = TimeSpan.FromMilliseconds(400),
    };

    public void Tell(LocalEvent fact) => _local.Writer.TryWrite(fact);

    public void Learn(uint vni, int mac) => Tell(new LocalEvent { Kind = LocalEventKind.MacLearned, Vni = new Vni(vni), Mac = Node.Mac(mac) });

    public void Miss(uint vni, int mac) => Tell(new LocalEvent { Kind = LocalEventKind.Miss, Vni = new Vni(vni), Mac = Node.Mac(mac) });

    public string? Place(int mac) => Table.GetValueOrDefault(Node.Mac(mac).ToString());

    public long Count(string counter) => Plane.Status().Counters[counter];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _run;
        }
        catch (OperationCanceledException)
        {
        }

        Plane.Dispose();
        _stop.Dispose();
    }

    public void BeginResync(ResyncScope scope) => Given.Enqueue("begin");

    public void CompleteResync(ResyncScope scope) => Given.Enqueue("complete");

    public void UpsertVtep(VtepDescription vtep, string? session = null) => Given.Enqueue($"vtep {vtep.Vtep} {string.Join(',', vtep.Addresses)} {vtep.Encap} {vtep.Port}");

    public void WithdrawVtep(VtepEndpoint vtep, string? session = null) => Given.Enqueue($"no vtep {vtep}");

    public void UpsertGroup(int group, IReadOnlyList<NextHopRef> members)
    {
    }

    public void WithdrawGroup(int group)
    {
    }

    public void Upsert(in MacRoute route, string? session = null)
    {
        Table[route.Mac.ToString()] = route.NextHop.Vtep.Name;
        Given.Enqueue($"mac {route.Mac} {route.NextHop.Vtep} {route.Sequence}");
    }

    public void Upsert(in FloodRoute route, string? session = null) => Given.Enqueue($"flood {route.Vni} {route.NextHop.Vtep}");

    public void Upsert(in NeighborRoute route, string? session = null)
    {
        Table[route.Address.ToString()] = route.Mac.ToString();
        Given.Enqueue($"neighbor {route.Address} {route.Mac}");
    }

    public void WithdrawMac(Vni vni, MacAddress mac, string? session = null)
    {
        _ = Table.TryRemove(mac.ToString(), out _);
        Given.Enqueue($"no mac {mac}");
    }

    public void WithdrawFlood(Vni vni, NextHopRef nextHop, string? session = null) => Given.Enqueue($"no flood {vni} {nextHop.Vtep}");

    public void WithdrawNeighbor(Vni vni, UnderlayAddress address, string? session = null)
    {
        _ = Table.TryRemove(address.ToString(), out _);
        Given.Enqueue($"no neighbor {address}");
    }

    /// <summary>The next answer meets a table that throws.</summary>
    public bool IsThrowing { get; set; }

    public void Answer(in MacRoute route)
    {
        if (IsThrowing)
        {
            IsThrowing = false;
            throw new InvalidOperationException("a table that throws");
        }

        Table[route.Mac.ToString()] = route.NextHop.Vtep.Name;
        Given.Enqueue($"answer {route.Mac} {route.NextHop.Vtep}");
    }

    public void NoSuchMac(Vni vni, MacAddress mac, TimeSpan hold)
    {
        Table[mac.ToString()] = "nobody";
        Given.Enqueue($"nobody {mac}");
    }

    public void ReportConnected(bool connected, string? session = null) => Given.Enqueue(connected ? "connected" : "lost");
}
