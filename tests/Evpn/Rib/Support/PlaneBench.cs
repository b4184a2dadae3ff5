using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Control.Evpn.Options;
using Overlay.Control.HandOver;
using Overlay.Control.Queries;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Ports;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.TestKit.InMemory;
using static Overlay.Control.Evpn.Tests.Rib.Support.RibBench;

namespace Overlay.Control.Evpn.Tests.Rib.Support;

/// <summary>The plane in the real control loop on the real tables: VNIs 100 and 200, of which ports are not opened; sessions are the test's.</summary>
internal sealed class PlaneBench : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private PlaneBench(EvpnPlane plane, ControlLoop loop, ForwardingState tables)
    {
        Plane = plane;
        Loop = loop;
        Tables = tables;
    }

    public EvpnPlane Plane { get; }

    public ControlLoop Loop { get; }

    public ForwardingState Tables { get; }

    public FakeSpeaker Speaker { get; private set; } = null!;

    /// <summary>With sessions of the test.</summary>
    /// <param name="options">The plane's.</param>
    /// <param name="time">The plane's clock; null for that of the machine.</param>
    /// <param name="kept">Routes from before a restart.</param>
    public static async Task<PlaneBench> StartAsync(EvpnOptions? options = null, TimeProvider? time = null, KeptRoutes? kept = null)
    {
        var speakers = new TaskCompletionSource<FakeSpeaker>(TaskCreationOptions.RunContinuationsAsynchronously);
        var plane = new EvpnPlane(options ?? DefaultOptions, time ?? TimeProvider.System, NullLogger.Instance, (current, routes) =>
        {
            var speaker = new FakeSpeaker(routes);
            speakers.TrySetResult(speaker);
            return speaker;
        });
        PlaneBench bench = await StartAsync(plane, kept, "192.0.2.1", "2001:db8::1");
        bench.Speaker = await speakers.Task.WaitAsync(Patience);
        return bench;
    }

    /// <summary>With whatever sessions the plane has.</summary>
    public static Task<PlaneBench> StartAsync(EvpnPlane plane, params string[] locals) => StartAsync(plane, null, locals);

    private static async Task<PlaneBench> StartAsync(EvpnPlane plane, KeptRoutes? kept, params string[] locals)
    {
        UnderlayAddress[] addresses = [.. locals.Select(Ip)];
        var tables = new ForwardingState();
        var loop = new ControlLoop(tables, new ControlOptions(), TimeProvider.System, NullLoggerFactory.Instance);
        loop.Start();
        await loop.SetLocalAddresses([.. addresses]);
        var topology = new TopologySpec
        {
            Ports = ImmutableSortedDictionary<string, PortSpec>.Empty.Add("p0", new PortSpec { Name = "p0", Device = "t0" }),
            Vnis = [new VniSpec { Vni = new Vni(V), Ports = ["p0"] }, new VniSpec { Vni = new Vni(W) }],
        };
        var port = new Port(tables.AllocatePortId(), topology.Ports["p0"], new MemoryPort(), Mac(4711)) { IsUp = true };
        await loop.InvokeAsync(() => tables.ApplyTopology(topology, new Dictionary<string, Port> { ["p0"] = port }, [.. addresses]));
        await loop.SetTopology(topology, new Dictionary<string, PortId> { ["p0"] = port.Id });
        var restored = new TaskCompletionSource();
        loop.AddPlane(plane, after: restored.Task);
        if (kept is not null)
        {
            Assert.All(kept.Sessions, session => Assert.True(session.Length == 0 || plane.Restores(session)));
            _ = await loop.RestoreRoutes(kept);
        }

        restored.SetResult();
        var bench = new PlaneBench(plane, loop, tables);
        await bench.UntilAsync(() => plane.Routes(new Queries.EvpnRouteFilter(Neighbor: "local")).Rows.Length >= 2);
        return bench;
    }

    /// <summary>Where a MAC goes by the forwarding table: the VTEP's address, <c>port</c>, or a dash; with an asterisk if it is stale.</summary>
    public async Task<string> PlaceAsync(int mac, uint vni = V)
    {
        await Loop.SettleAsync();
        ImmutableArray<FdbEntryRow> rows = await Loop.FdbRows(new[] { new FdbKey(new Vni(vni), Mac(mac)) });
        if (rows.Length == 0)
        {
            return "-";
        }

        FdbEntryRow row = rows[0];
        return (row.Port is not null ? "port" : row.Address.ToString()) + ((row.Flags & FdbFlags.Stale) != 0 ? "*" : string.Empty);
    }

    /// <summary>A frame of a MAC was seen on the port.</summary>
    public Task SeeAsync(int mac) => Loop.SetPort("p0", true, Mac(mac));

    public async Task UntilAtAsync(int mac, string place)
    {
        long began = TimeProvider.System.GetTimestamp();
        string at;
        while ((at = await PlaceAsync(mac)) != place)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, $"it is at {at}, not at {place}");
            await Task.Delay(5);
        }
    }

    public async Task UntilAsync(Func<bool> condition)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < Patience, "it did not happen");
            await Task.Delay(5);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Loop.DisposeAsync();
        Plane.Dispose();
    }
}
