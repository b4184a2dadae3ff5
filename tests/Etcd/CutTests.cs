using Overlay.Control.Etcd.Options;
using Overlay.Control.Etcd.Tests.Support;
using Overlay.Encap;
using static Overlay.Control.Etcd.Tests.Support.EtcdCluster;

namespace Overlay.Control.Etcd.Tests;

/// <summary>What looks like the death of others and is not.</summary>
public sealed class CutTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public async Task VTEPs_that_were_all_cut_off_for_longer_than_their_leases_stay_in_force(int nodes)
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await using var wire = new Wire(cluster.Endpoints[0]);
        await using Network network = await Network.StartAsync(cluster, nodes, (_, o) => o with { Endpoints = [wire.Endpoint], Lease = TimeSpan.FromSeconds(2) });
        network.Move(200);
        await network.AgreeAsync("before");
        wire.Cut();
        await UntilAsync(async () => (await cluster.Client.RangeAsync(new Client.RangeRequest { Key = "/overlay/"u8.ToArray(), RangeEnd = "/overlay0"u8.ToArray(), Limit = 1 }, default)).Value!.Kvs is null or [], "all leases are over");
        wire.Heal();
        await UntilAsync(() => Task.FromResult(Enumerable.Range(0, nodes).All(n => network[n].Count("leases_lost") == 1)), "each knows that its lease is lost");
        await network.AgreeAsync("after");
        Assert.Equal(0, network.Holes);
    }

    [Fact]
    public async Task One_VTEP_that_died_is_gone_soon_whatever_it_had()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await using Node a = new Node("a", "192.0.2.1", cluster.Endpoints, static o => o with { Lease = TimeSpan.FromSeconds(2) }).Start();
        await using Node b = new Node("b", "192.0.2.2", cluster.Endpoints, static o => o with { Lease = TimeSpan.FromSeconds(2) }).Start();
        for (int i = 1; i <= 200; i++)
        {
            b.Speak(i);
        }

        await UntilAsync(async () => await a.CountAsync() == 200, "known");
        await b.DisposeAsync();
        await UntilAsync(async () => await a.CountAsync() == 0 && (await a.Loop.Vteps()).IsEmpty, "its lease is over, and the guard does not mind", 10);
        Assert.Equal(1, a.Count("vteps_expired"));
        Assert.Empty(await a.Loop.Alarms());
    }

    [Fact]
    public async Task A_stranger_that_takes_things_back_in_the_name_of_their_owner_is_not_believed()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await using Network network = await Network.StartAsync(cluster, 2);
        network.Move(200);
        await network.AgreeAsync("before");
        for (int host = 1; host <= 100; host++)
        {
            string key = $"/overlay/v1/vnis/100/macs/{Node.Mac(host)}";
            if (await cluster.ValueAsync(key) is { } value)
            {
                await cluster.PutAsync(key, value.Replace("}", ",\"withdrawn\":true}", StringComparison.Ordinal));
            }
        }

        await network.AgreeAsync("after");
        Assert.Equal(0, network.Holes);
        Assert.True(network[0].Faults("own_key_changed") + network[1].Faults("own_key_changed") > 10);
    }

    [Fact]
    public async Task A_VTEP_that_takes_over_an_address_of_ours_is_believed_as_soon_as_we_give_it_up()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await cluster.PutAsync("/overlay/v1/vteps/x", """{"version":1,"vtep":"x","addresses":["192.0.2.7"]}""");
        await cluster.PutAsync("/overlay/v1/vnis/100/macs/02:00:00:00:00:03", """{"version":1,"vtep":"x"}""");
        await using Node a = new Node("a", "192.0.2.1", cluster.Endpoints).Start();
        await UntilAsync(async () => await a.PlaceAsync(3) == "x", "known");
        await a.Loop.SetLocalAddresses([UnderlayAddress.Parse("192.0.2.1"), UnderlayAddress.Parse("192.0.2.7")]);
        await UntilAsync(async () => await a.PlaceAsync(3) == "-", "it has an address of ours");
        await UntilAsync(async () => (await a.Loop.Alarms()).Any(static alarm => alarm.Name == "vtep_claimed"), "which is an alarm");
        await a.Loop.SetLocalAddresses([UnderlayAddress.Parse("192.0.2.1")]);
        await UntilAsync(async () => await a.PlaceAsync(3) == "x", "it is no longer ours");
    }

    [Fact]
    public async Task A_change_of_mode_while_the_store_is_away_takes_nothing_out_of_force()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await using var wire = new Wire(cluster.Endpoints[0]);
        await using Node a = new Node("a", "192.0.2.1", [wire.Endpoint]).Start();
        await using Node b = new Node("b", "192.0.2.2", cluster.Endpoints).Start();
        for (int i = 1; i <= 100; i++)
        {
            b.Speak(i);
        }

        await UntilAsync(async () => await a.CountAsync() == 100, "known");
        wire.Cut();
        await UntilAsync(a.IsStaleAsync, "away");
        EtcdOptions onDemand = new() { Endpoints = [], Node = "a", DefaultMode = EtcdVniMode.OnDemand };
        a.Plane.SetModes(onDemand);
        await UntilAsync(() => Task.FromResult(a.Plane.Status().ReadFailure is not null), "it was tried again");
        Assert.Equal(100, await a.CountAsync());
        Assert.Equal("b", await a.PlaceAsync(1));
        wire.Heal();

        // As it is meant to be: what nobody asks for is not held, and nothing holds that up.
        await UntilAsync(async () => await a.CountAsync() == 0, "only what is asked for is held");
        Assert.Contains("b", (await a.Loop.Vteps()).Select(static v => v.Name));
        Assert.DoesNotContain(await a.Loop.Alarms(), static alarm => alarm.Name == "mass_withdraw");
    }
}
