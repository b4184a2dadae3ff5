using Overlay.Control.Etcd.Tests.Support;
using static Overlay.Control.Etcd.Tests.Support.EtcdCluster;

namespace Overlay.Control.Etcd.Tests;

/// <summary>What happens to the cluster must not happen to the tables: entries stay in force throughout, and in the end tables equal a model of what hosts did.</summary>
public sealed class FaultTests
{
    [Fact]
    public async Task Members_and_the_leader_are_killed_while_hosts_move()
    {
        await using EtcdCluster cluster = await StartAsync(3);
        await using Network network = await Network.StartAsync(cluster, 3);
        network.Move(200);
        await network.AgreeAsync("before anything");
        int leader = await cluster.LeaderAsync();
        cluster.Kill(leader);
        network.Move(100);
        await network.AgreeAsync("without its leader");
        cluster.Start(leader, "existing");
        await cluster.ReadyAsync();
        int other = (await cluster.LeaderAsync() + 1) % 3;
        cluster.Kill(other);
        network.Move(100);
        await network.AgreeAsync("without another member");
        Assert.Equal(0, network.Holes);
    }

    [Fact]
    public async Task Without_a_quorum_entries_stay_in_force_and_what_happens_meanwhile_is_told_afterwards()
    {
        await using EtcdCluster cluster = await StartAsync(3);
        await using Network network = await Network.StartAsync(cluster, 3);
        network.Move(100);
        await network.AgreeAsync("before");
        cluster.Kill(0);
        cluster.Kill(1);
        await UntilAsync(() => network[0].IsStaleAsync(), "the loss is seen");
        Assert.Equal("out-of-touch", network[0].Plane.Status().State);
        network.Move(50);
        await Task.Delay(6000);
        Assert.Equal(0, network.Holes);
        cluster.Start(0, "existing");
        cluster.Start(1, "existing");
        await network.AgreeAsync("after");
        Assert.False(await network[0].IsStaleAsync());
        Assert.Equal(0, network.Holes);
    }

    [Fact]
    public async Task A_watch_whose_past_was_compacted_is_followed_by_a_list_and_nothing_is_flushed()
    {
        await using EtcdCluster cluster = await StartAsync(3);
        await using Network network = await Network.StartAsync(cluster, 3, (name, o) => o with { Lease = TimeSpan.FromSeconds(60), Endpoints = name == "n0" ? [o.Endpoints[0]] : [o.Endpoints[1], o.Endpoints[2]] });
        network.Move(100);
        await network.AgreeAsync("before");
        cluster.Pause(0);
        await UntilAsync(() => network[0].IsStaleAsync(), "the loss is seen");
        network.Move(100, except: 0);
        await UntilAsync(() => Task.FromResult(network[1].Plane.Status().KeysWaiting + network[2].Plane.Status().KeysWaiting == 0), "others have written");
        await cluster.CompactAsync();
        cluster.Resume(0);
        await network.AgreeAsync("after");
        Assert.Equal(1, network[0].Count("lists_compacted"));
        Assert.Equal(0, network.Holes);
    }

    [Fact]
    public async Task A_watch_on_a_member_that_does_not_answer_goes_on_at_another()
    {
        await using EtcdCluster cluster = await StartAsync(3);
        await using Network network = await Network.StartAsync(cluster, 2);
        network.Move(50);
        await network.AgreeAsync("before");
        cluster.Pause(0);
        network.Move(50);
        await network.AgreeAsync("while it is paused");
        Assert.Equal(1, network[0].Count("lists"));
        cluster.Resume(0);
        Assert.Equal(0, network.Holes);
    }

    [Fact]
    public async Task A_store_that_was_restored_from_an_older_snapshot_is_made_right_by_its_owners()
    {
        await using EtcdCluster cluster = await StartAsync(3);
        await using Network network = await Network.StartAsync(cluster, 3, static (_, o) => o with { Lease = TimeSpan.FromSeconds(15) });
        network.Move(100);
        await network.AgreeAsync("before the snapshot");
        string snapshot = Path.Combine(cluster.Folder, "snapshot");
        _ = cluster.Ctl($"--endpoints={cluster.Endpoints[0].GetLeftPart(UriPartial.Authority)}", "snapshot", "save", snapshot);
        network.Move(150);
        await network.AgreeAsync("after the snapshot");
        await cluster.RestoreAsync(snapshot);
        network.Move(20);
        await network.AgreeAsync("after the store went back");
        Assert.All(Enumerable.Range(0, 3), n => Assert.Equal(1, network[n].Count("lists_backwards")));
        Assert.True(network.Holes == 0, $"{network.Holes}\n{network.FirstHoles}{string.Join('\n', Enumerable.Range(0, 3).SelectMany(n => network[n].Log).Order(StringComparer.Ordinal))}");
    }

    [Fact]
    public async Task A_lease_that_was_revoked_is_replaced_and_all_keys_are_written_again()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await using Network network = await Network.StartAsync(cluster, 2);
        network.Move(100);
        await network.AgreeAsync("before");
        string lease = network[0].Plane.Status().Lease!;
        _ = cluster.Ctl(cluster.EndpointsArgument, "lease", "revoke", lease);
        await UntilAsync(() => Task.FromResult(network[0].Count("leases_lost") == 1), "the loss is seen");
        await network.AgreeAsync("after");
        Assert.NotEqual(lease, network[0].Plane.Status().Lease);
        await UntilAsync(() => Task.FromResult(network[1].Count("vteps_expired") == 1), "the other heard of it");
        Assert.Equal(0, network.Holes);
    }

    [Fact]
    public async Task Everything_deleted_at_once_takes_nothing_out_of_force_and_owners_write_it_again()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await using Network network = await Network.StartAsync(cluster, 3);
        network.Move(300);
        await network.AgreeAsync("before");
        await cluster.DeleteAsync("/overlay/", prefix: true);
        await UntilAsync(() => Task.FromResult(network[0].Faults("deleted_by_other") > 100), "the deletes are seen");
        await network.AgreeAsync("after");
        Assert.Equal(0, network.Holes);
        Assert.True(network[0].Faults("own_key_changed") > 0);
        Assert.Equal(0, network[0].Count("vteps_expired"));
    }

    [Fact]
    public async Task A_store_that_is_full_is_read_and_written_again_when_it_has_room()
    {
        await using EtcdCluster cluster = await StartAsync(1, "http", "--quota-backend-bytes", "4194304");
        await using Network network = await Network.StartAsync(cluster, 2);
        network.Move(50);
        await network.AgreeAsync("before");
        string ballast = new('x', 1_000_000);
        for (int i = 0; i < 8; i++)
        {
            _ = await cluster.TryPutAsync("/ballast"u8.ToArray(), System.Text.Encoding.UTF8.GetBytes(ballast));
        }

        await using Node late = new Node("late", "192.0.2.9", cluster.Endpoints).Start();
        await UntilAsync(() => Task.FromResult(late.Plane.Status().State == "read-only"), "it is seen to be full");
        Assert.Contains("no_space", late.Plane.Status().WriteFailure, StringComparison.Ordinal);
        await UntilAsync(async () => await late.CountAsync() > 20, "it is read all the same");
        Assert.Equal(0, network.Holes);
        await cluster.DeleteAsync("/ballast");
        await cluster.CompactAsync();
        _ = cluster.Ctl(cluster.EndpointsArgument, "defrag");
        _ = cluster.Ctl(cluster.EndpointsArgument, "alarm", "disarm");
        await network.AgreeAsync("after");
        await UntilAsync(() => Task.FromResult(late.Plane.Status() is { State: "in-touch", KeysWritten: 1 }), "it is written again");
    }
}
