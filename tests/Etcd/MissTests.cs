using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using Overlay.Control.Etcd.Client;
using Overlay.Control.Etcd.Model;
using Overlay.Control.Etcd.Options;
using Overlay.Control.Etcd.Tests.Support;
using Overlay.Encap;
using static Overlay.Control.Etcd.Tests.Support.EtcdCluster;

namespace Overlay.Control.Etcd.Tests;

/// <summary>VNIs that are asked for MAC by MAC.</summary>
public sealed class MissTests
{
    private const string Macs = "/overlay/v1/vnis/100/macs/";

    [Fact]
    public async Task A_miss_is_answered_once_and_kept_fresh()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await cluster.PutAsync("/overlay/v1/vteps/x", """{"version":1,"vtep":"x","addresses":["192.0.2.77"]}""");
        await cluster.PutAsync(Macs + Node.Mac(1), """{"version":1,"vtep":"x","sequence":1}""");
        await cluster.PutAsync(Macs + Node.Mac(2), """{"version":1,"vtep":"x","sequence":1}""");
        await using var script = new Script(OnDemand(cluster), 100);
        await UntilAsync(() => Task.FromResult(script.Plane.Status().State == "in-touch"), "in touch");
        Assert.DoesNotContain(script.Given, static line => line.StartsWith("mac", StringComparison.Ordinal));
        for (int i = 0; i < 50; i++)
        {
            script.Miss(100, 1);
        }

        await UntilAsync(() => Task.FromResult(script.Place(1) == "x"), "answered");
        await UntilAsync(() => Task.FromResult(script.Count("misses") == 50), "all have missed it");
        script.Miss(100, 9);
        await UntilAsync(() => Task.FromResult(script.Place(9) == "nobody"), "nobody has it");
        script.Miss(100, 9);
        await UntilAsync(() => Task.FromResult(script.Count("misses") == 52), "asked again");
        Assert.Equal(1, script.Count("misses_negative"));

        // Answers are watched; what was not asked for is not.
        await cluster.PutAsync(Macs + Node.Mac(1), """{"version":1,"vtep":"y","sequence":2}""");
        await UntilAsync(() => Task.FromResult(script.Place(1) == "y"), "the answer follows the store");
        await cluster.PutAsync(Macs + Node.Mac(2), """{"version":1,"vtep":"y","sequence":2}""");
        await cluster.PutAsync(Macs + Node.Mac(1), """{"version":1,"vtep":"x","sequence":3,"withdrawn":true}""");
        await UntilAsync(() => Task.FromResult(script.Place(1) is null), "the answer is taken back");
        Assert.Null(script.Place(2));
        Assert.Equal(0, script.Plane.Status().Answers);
    }

    [Fact]
    public async Task An_answer_outlives_its_time_and_the_store()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await cluster.PutAsync(Macs + Node.Mac(1), """{"version":1,"vtep":"x"}""");
        await using var script = new Script(OnDemand(cluster) with { AnswerTime = TimeSpan.FromSeconds(1) }, 100);
        await UntilAsync(() => Task.FromResult(script.Plane.Status().State == "in-touch"), "in touch");
        script.Miss(100, 1);
        await UntilAsync(() => Task.FromResult(script.Place(1) == "x"), "answered");
        await UntilAsync(() => Task.FromResult(script.Given.Count(static line => line.StartsWith("answer", StringComparison.Ordinal)) >= 3), "asked for again");
        cluster.Kill(0);
        await UntilAsync(() => Task.FromResult(script.Plane.Status().State == "out-of-touch"), "the loss is seen");
        await Task.Delay(1500);
        cluster.Start(0);
        await UntilAsync(() => Task.FromResult(script.Plane.Status().State == "in-touch"), "in touch again");
        Assert.Equal("x", script.Place(1));
        Assert.DoesNotContain(script.Given, static line => line.StartsWith("no mac", StringComparison.Ordinal));
        await cluster.PutAsync(Macs + Node.Mac(1), """{"version":1,"vtep":"y","sequence":1}""");
        await UntilAsync(() => Task.FromResult(script.Place(1) == "y"), "it is watched again");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_restore_answers_are_what_the_store_says_now_and_are_watched_in_its_new_history(bool isSeenByOthers)
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await cluster.PutAsync(Macs + Node.Mac(1), """{"version":1,"vtep":"x","sequence":1}""");
        string snapshot = Path.Combine(cluster.Folder, "snapshot");
        _ = cluster.Ctl(cluster.EndpointsArgument, "snapshot", "save", snapshot);
        for (int i = 2; i < 60; i++)
        {
            await cluster.PutAsync(Macs + Node.Mac(1), $$"""{"version":1,"vtep":"y","sequence":{{i}}}""");
        }

        await cluster.PutAsync(Macs + Node.Mac(2), """{"version":1,"vtep":"y"}""");
        await using var script = new Script(OnDemand(cluster), 100);
        await UntilAsync(() => Task.FromResult(script.Plane.Status().State == "in-touch"), "in touch");
        if (isSeenByOthers)
        {
            // What is watched for all has a key by which the history is known again.
            await UntilAsync(() => Task.FromResult(script.Plane.Status().KeysWritten == 1), "written");
            await cluster.PutAsync("/overlay/v1/vteps/y", """{"version":1,"vtep":"y","addresses":["192.0.2.77"]}""");
            await UntilAsync(() => Task.FromResult(script.Given.Any(static line => line.StartsWith("vtep y", StringComparison.Ordinal))), "seen");
        }

        script.Miss(100, 1);
        script.Miss(100, 2);
        await UntilAsync(() => Task.FromResult((script.Place(1), script.Place(2)) == ("y", "y")), "answered");
        await cluster.RestoreAsync(snapshot);
        await UntilAsync(() => Task.FromResult(script.Place(1) == "x"), "what the store says now counts");
        Assert.True(!isSeenByOthers || script.Count("lists_backwards") >= 1);

        // Far below the revisions of the old history.
        await cluster.PutAsync(Macs + Node.Mac(1), """{"version":1,"vtep":"z","sequence":2}""");
        await UntilAsync(() => Task.FromResult(script.Place(1) == "z"), "it is watched");
        await UntilAsync(() => Task.FromResult(script.Place(2) is null or "nobody"), "what nobody wrote again goes");
        await UntilAsync(() => Task.FromResult(script.Plane.Status().Answers == 1), "and is held no more");
        await cluster.PutAsync(Macs + Node.Mac(3), """{"version":1,"vtep":"x"}""");
        script.Miss(100, 3);
        await UntilAsync(() => Task.FromResult(script.Place(3) == "x"), "others are answered");
    }

    [Fact]
    public async Task A_key_that_somebody_deleted_and_its_owner_wrote_again_is_in_force_throughout()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await cluster.PutAsync(Macs + Node.Mac(1), """{"version":1,"vtep":"x"}""");
        await using var script = new Script(OnDemand(cluster), 100);
        await UntilAsync(() => Task.FromResult(script.Plane.Status().State == "in-touch"), "in touch");
        script.Miss(100, 1);
        await UntilAsync(() => Task.FromResult(script.Place(1) == "x"), "answered");
        await cluster.DeleteAsync(Macs + Node.Mac(1));
        await cluster.PutAsync(Macs + Node.Mac(1), """{"version":1,"vtep":"x","sequence":1}""");
        await Task.Delay(2000);
        Assert.DoesNotContain(script.Given, static line => line.StartsWith("no mac", StringComparison.Ordinal));
        await cluster.DeleteAsync(Macs + Node.Mac(1));
        await UntilAsync(() => Task.FromResult(script.Place(1) is null), "what nobody writes again goes");
        Assert.Equal(0, script.Plane.Status().Answers);
    }

    [Fact]
    public async Task A_mac_that_leaves_a_vtep_that_mirrors_nothing_is_told_to_it()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await using var a = new Script(OnDemand(cluster), 100);
        await using var b = new Script(OnDemand(cluster) with { Node = "b" }, 100);
        b.Tell(new LocalEvent { Kind = LocalEventKind.LocalVtepChanged, LocalAddresses = [UnderlayAddress.Parse("192.0.2.2")] });
        a.Learn(100, 1);
        await UntilAsync(async () => await cluster.ValueAsync(Macs + Node.Mac(1)) is not null, "written");

        // b does not know that a has it. It is told when it writes, and its table decides as if it had been told before.
        b.Learn(100, 1);
        await UntilAsync(() => Task.FromResult(b.Place(1) == "a"), "b is told where it was");
        b.Tell(new LocalEvent { Kind = LocalEventKind.MacMoved, Vni = new Vni(100), Mac = Node.Mac(1), Sequence = 1 });
        await UntilAsync(() => Task.FromResult(a.Place(1) == "b"), "a is told where it went");
        Assert.Equal("""{"version":1,"vtep":"b","sequence":1}""", await cluster.ValueAsync(Macs + Node.Mac(1)));
        await UntilAsync(async () => (await cluster.KeysAsync("/overlay/v1/moved/")).Count == 0, "the note is read and gone");
    }

    [Fact]
    public async Task A_key_of_ours_that_nobody_watches_is_written_again_when_it_is_missed()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await using var a = new Script(OnDemand(cluster) with { Lease = TimeSpan.FromSeconds(2) }, 100);
        for (int i = 1; i <= 250; i++)
        {
            a.Learn(100, i);
        }

        await UntilAsync(() => Task.FromResult(a.Plane.Status().KeysWritten == 251), "written");
        foreach (int mac in (int[])[1, 120, 250])
        {
            await cluster.DeleteAsync(Macs + Node.Mac(mac));
        }

        await UntilAsync(async () => (await cluster.KeysAsync(Macs)).Count == 250, "written again");
        Assert.Equal(3, a.Plane.Status().Faults.Single(static f => f.Name == "own_key_changed").Count);
    }

    [Fact]
    public async Task The_queue_of_misses_is_bounded_and_says_what_it_dropped()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await using var script = new Script(OnDemand(cluster) with { MissQueueSize = 4 }, 100);
        await UntilAsync(() => Task.FromResult(script.Plane.Status().State == "in-touch"), "in touch");
        cluster.Pause(0);
        for (int i = 1; i <= 1000; i++)
        {
            script.Miss(100, i);
        }

        await UntilAsync(() => Task.FromResult(script.Count("misses") == 1000), "asked");
        Assert.True(script.Count("misses_dropped") > 800);
        Assert.Equal(1000, script.Count("misses"));
        cluster.Resume(0);
    }

    [Fact]
    public async Task Many_answers_are_watched_over_few_connections()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await FillAsync(cluster, 600, "x");
        await using var script = new Script(OnDemand(cluster), 100);
        await UntilAsync(() => Task.FromResult(script.Plane.Status().State == "in-touch"), "in touch");
        for (int i = 1; i <= 500; i++)
        {
            script.Miss(100, i);
        }

        await UntilAsync(() => Task.FromResult(script.Plane.Status().Answers == 500), "answered");
        await FillAsync(cluster, 600, "y");
        await UntilAsync(() => Task.FromResult(Enumerable.Range(1, 500).All(i => script.Place(i) == "y")), "all follow");
        Assert.Null(script.Place(501));
    }

    internal static EtcdOptions OnDemand(EtcdCluster cluster) =>
        Script.Options(cluster.Endpoints) with { Vnis = ImmutableDictionary<Vni, EtcdVniMode>.Empty.Add(new Vni(100), EtcdVniMode.OnDemand), NegativeTime = TimeSpan.FromSeconds(30) };

    /// <summary>MACs of a VTEP, written past any plane.</summary>
    internal static async Task FillAsync(EtcdCluster cluster, int count, string vtep, uint vni = 100)
    {
        byte[] value = Encoding.UTF8.GetBytes($$"""{"version":1,"vtep":"{{vtep}}","sequence":0}""");
        foreach (int[] part in Enumerable.Range(1, count).Chunk(120))
        {
            EtcdResult<TxnResponse> put = await cluster.Client.TxnAsync(
                new TxnRequest { Success = [.. part.Select(i => new RequestOp { RequestPut = new PutRequest { Key = Encoding.UTF8.GetBytes($"/overlay/v1/vnis/{vni}/macs/{Node.Mac(i)}"), Value = value } })] }, default);
            Assert.True(put.IsOk, put.Failure?.ToString());
        }
    }
}
