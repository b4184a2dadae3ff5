using Overlay.Control.Etcd.Queries;
using Overlay.Control.Etcd.Tests.Support;
using static Overlay.Control.Etcd.Tests.Support.EtcdCluster;

namespace Overlay.Control.Etcd.Tests;

/// <summary>What anybody may write into the store, and what must come of it: nothing but a count with a name.</summary>
public sealed class ValueTests
{
    [Fact]
    public async Task Bad_values_are_ignored_one_by_one_and_named()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await using Node a = new Node("a", "192.0.2.1", cluster.Endpoints).Start();
        await UntilAsync(() => Task.FromResult(a.Plane.Status().State == "in-touch"), "in touch");
        const string Root = "/overlay/v1/";
        const string Mac = Root + "vnis/100/macs/02:00:00:00:00:";
        await cluster.PutAsync(Root + "vteps/x", """{"version":1,"vtep":"x","addresses":["192.0.2.77"],"encapsulations":[{"kind":"vxlan","port":4789}],"later":{"a":[1,{}]}}""");
        await cluster.PutAsync(Root + "vnis/100/members/x", """{"version":1,"vtep":"x"}""");
        await cluster.PutAsync(Mac + "01", """{"version":1,"vtep":"x"}""");
        (string Key, string Value, string Fault)[] bad =
        [
            (Root + "vnis/100/what/x", "{}", "key_outside_schema"),
            (Root + "vteps/x/y", "{}", "key_outside_schema"),
            (Root + "vnis/0100/macs/02:00:00:00:00:03", """{"version":1,"vtep":"x"}""", "-"),
            (Mac + "02", "not json", "not_json"),
            (Mac + "03", """{"version":1,"vtep":"x"} {}""", "not_json"),
            (Mac + "04", "[]", "not_json"),
            (Mac + "05", "", "not_json"),
            (Mac + "06", """{"version":2,"vtep":{"new":1}}""", "other_version"),
            (Mac + "07", """{"vtep":"x"}""", "other_version"),
            (Mac + "08", """{"version":1}""", "bad_field"),
            (Mac + "09", """{"version":1,"vtep":"x","sequence":-1}""", "bad_field"),
            (Mac + "0a", """{"version":1,"vtep":"x","sequence":4294967296}""", "bad_field"),
            (Mac + "0b", """{"version":1,"vtep":"x","sticky":"yes"}""", "bad_field"),
            (Mac + "0c", """{"version":1,"vtep":"x/../y"}""", "bad_vtep"),
            (Mac + "0D", """{"version":1,"vtep":"x"}""", "bad_mac"),
            (Root + "vnis/100/macs/01:00:5e:00:00:01", """{"version":1,"vtep":"x"}""", "bad_mac"),
            (Root + "vnis/100/macs/00:00:00:00:00:00", """{"version":1,"vtep":"x"}""", "bad_mac"),
            (Root + "vnis/100/macs/02:00:00:00:00", """{"version":1,"vtep":"x"}""", "bad_mac"),
            (Root + "vnis/100/neighbors/10.0.0.256", """{"version":1,"vtep":"x","mac":"02:00:00:00:00:01"}""", "bad_address"),
            (Root + "vnis/100/neighbors/10.0.0.2", """{"version":1,"vtep":"x","mac":"ff:ff:ff:ff:ff:ff"}""", "bad_mac"),
            (Root + "vteps/y", """{"version":1,"vtep":"y","addresses":["::ffff:192.0.2.1"]}""", "bad_address"),
            (Root + "vteps/z", """{"version":1,"vtep":"z","addresses":["224.0.0.1"]}""", "bad_address"),
            (Root + "vteps/w", """{"version":1,"vtep":"other","addresses":["192.0.2.9"]}""", "bad_vtep"),
            (Root + "vteps/v", """{"version":1,"vtep":"v","addresses":[]}""", "bad_field"),
            (Root + "vteps/u", """{"version":1,"vtep":"u","addresses":"192.0.2.9"}""", "bad_field"),
            (Root + "vteps/t", """{"version":1,"vtep":"t","addresses":["192.0.2.1"]}""", "vtep_claimed"),
            (Mac + "0e", new string(' ', 9000), "too_large"),
            (Mac + "0f", """{"version":1,"vtep":"\ud800"}""", "not_utf8"),
        ];
        foreach ((string key, string value, string _) in bad)
        {
            await cluster.PutAsync(key, value);
        }

        await cluster.PutAsync("/overlay/v1/vnis/100/macs/02:00:00:00:00:10"u8.ToArray(), [0x7B, 0xFF, 0xFE]);
        await cluster.PutAsync([.. "/overlay/v1/vnis/100/macs/"u8, 0xC3, 0x28], "{}"u8.ToArray());
        await cluster.PutAsync(Mac + "ff", """{"version":1,"vtep":"x","sequence":3}""");
        await UntilAsync(async () => await a.PlaceAsync(0xff) == "x", "the last, which is good, is in force");
        Assert.Equal("x", await a.PlaceAsync(1));
        Assert.Equal(2, await a.CountAsync());
        await UntilAsync(async () => await a.FloodsAsync() == "t x", "those that can be understood");
        foreach (IGrouping<string, (string Key, string Value, string Fault)> fault in bad.Where(static b => b.Fault != "-").GroupBy(static b => b.Fault))
        {
            // VTEPs are another watch than the VNI, and may come later.
            await UntilAsync(() => Task.FromResult(fault.Count() + (fault.Key == "not_utf8" ? 2 : 0) == a.Faults(fault.Key)), $"{fault.Key} as often as it was written");
        }

        // A list of the same says the same.
        await using Node b = new Node("b", "192.0.2.2", cluster.Endpoints).Start();
        await UntilAsync(async () => await b.PlaceAsync(0xff) == "x", "listed");
        Assert.Equal(2, await b.CountAsync());
        foreach (EtcdFaultRow fault in a.Plane.Status().Faults)
        {
            // The claim of our address is one of a's only: it is not b's.
            Assert.True(fault.Name == "vtep_claimed" ? b.Faults(fault.Name) == 0 : b.Faults(fault.Name) == fault.Count, $"{fault.Name}: {b.Faults(fault.Name)} of {fault.Count}");
        }

        Assert.Equal("/overlay/v1/vnis/100/macs/\\xc3(", a.Plane.Status().Faults.Single(static f => f.Name == "not_utf8").Key);
    }

    [Fact]
    public async Task Of_two_writers_of_a_mac_the_later_counts_and_is_counted()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await using Node a = new Node("a", "192.0.2.1", cluster.Endpoints).Start();
        await cluster.PutAsync("/overlay/v1/vteps/x", """{"version":1,"vtep":"x","addresses":["192.0.2.77"]}""");
        await cluster.PutAsync("/overlay/v1/vteps/y", """{"version":1,"vtep":"y","addresses":["192.0.2.78"]}""");
        await cluster.PutAsync("/overlay/v1/vnis/100/macs/02:00:00:00:00:01", """{"version":1,"vtep":"x","sequence":4}""");
        await UntilAsync(async () => await a.PlaceAsync(1) == "x", "the first");
        await cluster.PutAsync("/overlay/v1/vnis/100/macs/02:00:00:00:00:01", """{"version":1,"vtep":"y","sequence":4}""");
        await UntilAsync(async () => await a.PlaceAsync(1) == "y", "the second");
        Assert.Equal(1, a.Faults("mac_two_writers"));
    }

    [Fact]
    public async Task A_daemon_with_our_name_is_told_so_and_writes_nothing_until_we_are_gone()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await using Node a = new Node("a", "192.0.2.1", cluster.Endpoints, static o => o with { Lease = TimeSpan.FromSeconds(2) }).Start();
        a.Speak(1);
        await UntilAsync(() => Task.FromResult(a.Plane.Status().KeysWritten == 2), "the first has the name");
        await using Node twin = new Node("a", "192.0.2.9", cluster.Endpoints, static o => o with { Lease = TimeSpan.FromSeconds(2) }).Start();
        twin.Speak(2);
        await UntilAsync(() => Task.FromResult(twin.Plane.Status().State == "claimed"), "the second is refused");
        Assert.Contains("192.0.2.1", twin.Plane.Status().Claimant, StringComparison.Ordinal);
        Assert.Null(await cluster.ValueAsync("/overlay/v1/vnis/100/macs/02:00:00:00:00:02"));
        Assert.Contains(await twin.Loop.Alarms(), static alarm => alarm is { Name: "vtep_claimed", Subject: "plane etcd, key vteps/a" });
        await a.DisposeAsync();
        await UntilAsync(async () => await cluster.ValueAsync("/overlay/v1/vnis/100/macs/02:00:00:00:00:02") is not null, "the second has the name");
        Assert.Null(twin.Plane.Status().Claimant);
    }

    [Fact]
    public async Task A_vtep_that_says_to_have_our_address_is_not_believed_and_raises_an_alarm()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await cluster.PutAsync("/overlay/v1/vteps/x", """{"version":1,"vtep":"x","addresses":["192.0.2.7"]}""");
        await cluster.PutAsync("/overlay/v1/vnis/100/macs/02:00:00:00:00:03", """{"version":1,"vtep":"x"}""");
        await using Node a = new Node("a", "192.0.2.1", cluster.Endpoints).Start();
        await UntilAsync(async () => await a.PlaceAsync(3) == "x", "it is believed while it says nothing of the kind");
        Assert.Empty(await a.Loop.Alarms());
        await cluster.PutAsync("/overlay/v1/vteps/x", """{"version":1,"vtep":"x","addresses":["192.0.2.1"]}""");
        await UntilAsync(async () => await a.PlaceAsync(3) == "-", "its routes lead nowhere");
        Assert.Contains(await a.Loop.Alarms(), static alarm => alarm is { Name: "vtep_claimed", Subject: "plane etcd, key vteps/x" });
        await cluster.PutAsync("/overlay/v1/vteps/x", """{"version":1,"vtep":"x","addresses":["192.0.2.1","192.0.2.7"]}""");
        await UntilAsync(async () => (await a.Loop.Vteps()).Any(static v => v.Name == "x"), "its other address is used");
    }

    [Fact]
    public async Task Our_own_keys_are_written_again_whatever_is_done_to_them()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        await using Node a = new Node("a", "192.0.2.1", cluster.Endpoints).Start();
        a.Speak(1);
        const string Vtep = "/overlay/v1/vteps/a";
        const string Mac = "/overlay/v1/vnis/100/macs/02:00:00:00:00:01";
        const string Good = """{"version":1,"vtep":"a","sequence":0}""";
        await UntilAsync(async () => await cluster.ValueAsync(Mac) == Good && a.Plane.Status().State == "in-touch", "written");
        await cluster.PutAsync(Mac, "rubbish");
        await UntilAsync(async () => await cluster.ValueAsync(Mac) == Good, "written over rubbish");
        await cluster.DeleteAsync(Mac);
        await UntilAsync(async () => await cluster.ValueAsync(Mac) == Good, "written after a delete");
        await cluster.PutAsync(Mac, """{"version":1,"vtep":"a","sequence":7}""");
        await UntilAsync(async () => await cluster.ValueAsync(Mac) == """{"version":1,"vtep":"a","sequence":7}""" && a.Plane.Status().KeysWaiting == 0, "a sequence never goes back");
        foreach (string value in new[] { "rubbish", """{"version":1,"vtep":"a","addresses":["192.0.2.99"],"run":"other"}""" })
        {
            await cluster.PutAsync(Vtep, value);
            await UntilAsync(async () => (await cluster.ValueAsync(Vtep))?.Contains("192.0.2.1\"", StringComparison.Ordinal) == true, "our VTEP is written again");
        }

        Assert.Equal(1, a.Faults("vtep_claimed"));
        await cluster.DeleteAsync(Vtep);
        await UntilAsync(async () => await cluster.ValueAsync(Vtep) is not null, "our VTEP is written after a delete");
        Assert.True(a.Faults("own_key_changed") >= 2);
        List<Client.KeyValue> keys = await cluster.KeysAsync("/overlay/");
        await UntilAsync(async () => (await cluster.KeysAsync("/overlay/")).TrueForAll(static k => k.Lease != 0), "every key is under our lease");
        Assert.Equal(3, keys.Count);
    }
}
