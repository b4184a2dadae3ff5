using System.Diagnostics;
using Overlay.Control.Etcd.Tests.Support;
using static Overlay.Control.Etcd.Tests.Support.EtcdCluster;

namespace Overlay.Control.Etcd.Tests;

/// <summary>Three VTEPs, three members, nothing else.</summary>
public sealed class NetworkTests
{
    [Fact]
    public async Task Three_vteps_form_a_network_from_nothing_but_the_store()
    {
        await using EtcdCluster cluster = await StartAsync(3);
        await using Node a = new Node("a", "192.0.2.1", cluster.Endpoints).Start();
        await using Node b = new Node("b", "192.0.2.2", cluster.Endpoints).Start();
        await using Node c = new Node("c", "192.0.2.3", cluster.Endpoints).Start();
        a.Speak(1);
        b.Speak(2);
        c.Speak(3);
        await UntilAsync(async () => (await a.PlaceAsync(2), await a.PlaceAsync(3), await b.PlaceAsync(1), await c.PlaceAsync(1)) == ("b", "c", "a", "a"), "all know all");
        Assert.Equal("b c", await a.FloodsAsync());
        Assert.Equal("a b", await c.FloodsAsync());
        Assert.Equal("in-touch", a.Plane.Status().State);

        // The MAC moves, and everybody follows; the store has one word for it.
        c.Speak(1);
        await UntilAsync(async () => (await a.PlaceAsync(1), await b.PlaceAsync(1), await c.PlaceAsync(1)) == ("c", "c", "p0"), "the move is followed");
        Assert.Equal("""{"version":1,"vtep":"c","sequence":1}""", await cluster.ValueAsync("/overlay/v1/vnis/100/macs/02:00:00:00:00:01"));
        a.Speak(1);
        await UntilAsync(async () => (await a.PlaceAsync(1), await b.PlaceAsync(1), await c.PlaceAsync(1)) == ("p0", "a", "a"), "the move back is followed");

        // A VTEP that is killed goes with its lease.
        await b.DisposeAsync();
        await UntilAsync(async () => await a.PlaceAsync(2) == "-" && await a.FloodsAsync() == "c", "its keys expire");
        Assert.Equal(1, a.Count("vteps_expired"));
        Assert.Equal(0, a.Faults("deleted_by_other"));
    }
}
