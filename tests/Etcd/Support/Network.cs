using Overlay.Control.Etcd.Options;
using Overlay.Control.Queries;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Etcd.Tests.Support;

/// <summary>Several VTEPs on one store, hosts that move between them, and a model of where they are.</summary>
internal sealed class Network : IAsyncDisposable
{
    private const int Hosts = 400;
    private readonly List<Node> _nodes = [];
    private readonly int[] _home = new int[Hosts + 1];
    private readonly Random _random = new(7);
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<int> _agreed = [];
    private EtcdCluster _cluster = null!;
    private Task _probe = Task.CompletedTask;
    private int _holes;

    public Node this[int index] => _nodes[index];

    /// <summary>Times that a host which all knew was found nowhere in some table.</summary>
    public int Holes => Volatile.Read(ref _holes);

    /// <summary>What the first of them were.</summary>
    public string FirstHoles { get; private set; } = string.Empty;

    public static async Task<Network> StartAsync(EtcdCluster cluster, int nodes, Func<string, EtcdOptions, EtcdOptions>? adjust = null)
    {
        var network = new Network { _cluster = cluster };
        for (int i = 0; i < nodes; i++)
        {
            string name = $"n{i}";
            network._nodes.Add(new Node(name, $"192.0.2.{i + 1}", cluster.Endpoints, o => adjust is null ? o : adjust(name, o), static c => c with { Guard = new GuardOptions() }).Start());
        }

        await EtcdCluster.UntilAsync(() => Task.FromResult(network._nodes.TrueForAll(static n => n.Plane.Status() is { State: "in-touch", KeysWritten: > 0 })), "all in touch");
        network._probe = Task.Run(network.ProbeAsync);
        return network;
    }

    /// <summary>Hosts speak, some where they were, some elsewhere.</summary>
    /// <param name="count">How many.</param>
    /// <param name="except">This VTEP has none of them speak.</param>
    public void Move(int count, int except = -1)
    {
        for (int i = 0; i < count; i++)
        {
            int host = _random.Next(1, Hosts + 1);
            int at = _random.Next(_nodes.Count);
            if (at == except)
            {
                continue;
            }

            // A host that others have not heard of yet may be anywhere until they have.
            _home[host] = at + 1;
            _nodes[at].Speak(host);
        }
    }

    /// <summary>All tables come to equal the model. Hosts go on speaking meanwhile, as hosts do.</summary>
    public async Task AgreeAsync(string when)
    {
        string? odd = null;
        long spoke = 0;
        try
        {
            await EtcdCluster.UntilAsync(
                async () =>
                {
                    odd = await OddAsync();
                    if (odd is not null && Environment.TickCount64 - spoke > 1000)
                    {
                        spoke = Environment.TickCount64;
                        for (int host = 1; host <= Hosts; host++)
                        {
                            if (_home[host] > 0)
                            {
                                _nodes[_home[host] - 1].Speak(host);
                            }
                        }
                    }

                    return odd is null;
                },
                when,
                90);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"{when}: {odd}\n{string.Join('\n', _nodes.Select(static n => $"{n.Name} {n.Plane.Status().KeysWaiting} waiting"))}\n{await _cluster.ValueAsync("/overlay/v1/vnis/100/macs/" + odd!.Split(' ')[2])}\n{string.Join('\n', await Task.WhenAll(_nodes.Select(async n => $"{await n.Loop.FdbWhy(new Vni(Node.V), MacAddress.Parse(odd!.Split(' ')[2]))}")))}\n{string.Join('\n', _nodes.SelectMany(static n => n.Log).Order(StringComparer.Ordinal).TakeLast(60))}");
        }

        lock (_agreed)
        {
            for (int host = 1; host <= Hosts; host++)
            {
                if (_home[host] > 0)
                {
                    _ = _agreed.Add(host);
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _probe;
        foreach (Node node in _nodes)
        {
            await node.DisposeAsync();
        }

        _stop.Dispose();
    }

    private async Task<string?> OddAsync()
    {
        foreach (Node node in _nodes)
        {
            Dictionary<ulong, FdbEntryRow> rows = (await node.Loop.FdbShow(null, 0, 100_000)).Rows.ToDictionary(static r => r.Mac.Value);
            for (int host = 1; host <= Hosts; host++)
            {
                string expected = _home[host] == 0 ? "-" : _nodes[_home[host] - 1] == node ? "p0" : _nodes[_home[host] - 1].Name;
                string found = rows.TryGetValue(Node.Mac(host).Value, out FdbEntryRow? row) ? row.Peer ?? row.Port ?? "?" : "-";
                if (expected != found)
                {
                    return $"{node.Name} has {Node.Mac(host)} at {found}, expected {expected}";
                }
            }
        }

        return null;
    }

    /// <summary>Looks into the real tables all the time: a frame to a host that all knew must find it somewhere.</summary>
    private async Task ProbeAsync()
    {
        var vni = new Vni(Node.V);
        while (!_stop.IsCancellationRequested)
        {
            int[] agreed;
            lock (_agreed)
            {
                agreed = [.. _agreed];
            }

            foreach (Node node in _nodes)
            {
                await node.Loop.InvokeAsync(() =>
                {
                    foreach (int host in agreed)
                    {
                        if (!node.Dataplane.Forwarding.TryGetMac(vni, Node.Mac(host), out FdbRow _))
                        {
                            if (Interlocked.Increment(ref _holes) <= 3)
                            {
                                FirstHoles += $"{DateTime.Now:HH:mm:ss.fff} {node.Name} lacks {Node.Mac(host)}, which is at n{_home[host] - 1}\n";
                            }
                        }
                    }
                });
            }

            await Task.Delay(5);
        }
    }
}
