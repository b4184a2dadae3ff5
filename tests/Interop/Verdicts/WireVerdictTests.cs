using System.Globalization;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Verdicts;

/// <summary>Every row of the verdict table for the wire, sent to a running daemon.</summary>
public sealed class WireVerdictTests(VerdictLab lab) : IClassFixture<VerdictLab>
{
    // RFC 6040 §4.2, rows inner, columns outer: Not-ECT, ECT(1), ECT(0), CE by code point; -1 is drop.
    private static readonly int[,] Decapsulated =
    {
        { 0, 0, 0, -1 },
        { 1, 1, 1, 3 },
        { 2, 1, 2, 3 },
        { 3, 3, 3, 3 },
    };

    public static TheoryData<string, string, string> Cases()
    {
        var data = new TheoryData<string, string, string>();
        foreach (var (name, test) in WireCases.All)
        {
            foreach (var encap in new[] { "vxlan", "geneve" })
            {
                foreach (var family in new[] { "v4", "v6" })
                {
                    if ((test.Encap ?? encap) == encap && (test.Family ?? family) == family) data.Add(encap, family, name);
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_datagram_ends_as_the_table_says(string encap, string family, string name)
    {
        var test = WireCases.All[name];
        var source = test.Source?.Invoke(family) ?? VerdictLab.Peer(encap, family);
        var packet = Wire.Udp(source, VerdictLab.Local(family), test.SourcePort, test.Port ?? VerdictLab.TunnelPort(encap), test.Payload(encap), test.Checksum, test.OuterTos);
        if (test.Expect == "kernel") ExpectKernelDrop(test, family, packet);
        else Expect(test.Expect, test.Tap, test.Delivered, test.Anomaly, packet);
    }

    [Theory]
    [CombinatorialEcn]
    public void ECN_of_a_decapsulated_packet_follows_RFC_6040(string encap, string family, int inner, int outer, bool inner6)
    {
        byte[] Frame(int ecn) => inner6 ? WireCases.Inner6(VerdictLab.WebMac, "02:aa:00:00:00:02", trafficClass: 0xb8 | ecn) : WireCases.Inner(VerdictLab.WebMac, "02:aa:00:00:00:02", tos: 0xb8 | ecn);
        var packet = Wire.Udp(VerdictLab.Peer(encap, family), VerdictLab.Local(family), 50_002, VerdictLab.TunnelPort(encap), WireCases.Tunnel(encap, 100, Frame(inner)), tos: outer);
        var result = Decapsulated[inner, outer];
        if (result < 0) Expect("ecn_ce_not_ect", "tap-web", null, false, packet);
        else Expect("D", "tap-web", Frame(result), null, packet);
    }

    [Theory]
    [InlineData("vxlan")]
    [InlineData("geneve")]
    public void CE_reaches_an_inner_packet_behind_tags(string encap)
    {
        foreach (var tags in new byte[][] { Wire.Tag(5), [.. Wire.Tag(7, tpid: 0x88a8), .. Wire.Tag(5)] })
        {
            byte[] Frame(int ecn) => WireCases.Inner("02:00:00:00:00:55", "02:aa:00:00:00:02", tags, tos: ecn);
            var packet = Wire.Udp(VerdictLab.Peer(encap, "v4"), VerdictLab.Local4, 50_002, VerdictLab.TunnelPort(encap), WireCases.Tunnel(encap, 300, Frame(2)), tos: 3);
            Expect("D", "tap-clear", Frame(3), null, packet);
        }
    }

    [Fact]
    public void Outer_CE_over_a_frame_that_is_not_IP_is_delivered() =>
        Expect("D", "tap-web", Wire.Ethernet(VerdictLab.WebMac, "02:aa:00:00:00:02", 0x88b5, new byte[50]), null,
            Wire.Udp("192.0.2.10", VerdictLab.Local4, 50_002, 4789, Wire.Vxlan(100, Wire.Ethernet(VerdictLab.WebMac, "02:aa:00:00:00:02", 0x88b5, new byte[50])), tos: 3));

    [Theory]
    [InlineData("vxlan", VerdictLab.Local4)]
    [InlineData("vxlan", VerdictLab.Local6)]
    [InlineData("geneve", VerdictLab.Local4)]
    [InlineData("geneve", VerdictLab.Local6)]
    public void Our_own_address_as_a_source_is_vtep_self(string encap, string local)
    {
        var change = lab.Observe("rx", 1, () => lab.SendFromHost(local, local, VerdictLab.TunnelPort(encap), WireCases.Tunnel(encap, 100, WireCases.Plain)));
        AssertOnlyDrop(change, "vtep_self");
        Assert.Empty(lab.TapsWithFrames);
    }

    [Fact]
    public void Nothing_is_learned_from_an_invalid_or_foreign_source()
    {
        foreach (var test in WireCases.All.Values.Where(c => c.Expect is "inner_source_invalid" or "vtep_unknown"))
        {
            var source = test.Source?.Invoke("v4") ?? "192.0.2.10";
            lab.Observe("rx", 1, () => lab.Injector.Send(lab.Outer(Wire.Udp(source, VerdictLab.Local4, 50_003, 4789, test.Payload("vxlan")))));
        }

        var macs = lab.Daemon.Api.Get("/v1/fdb")["entries"]!.AsArray().Select(e => (string)e!["mac"]!).ToArray();
        Assert.DoesNotContain(macs, m => (byte.Parse(m.AsSpan(0, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & 1) != 0 || m == "00:00:00:00:00:00");
    }

    [Fact]
    public void Every_frame_has_exactly_one_end_and_the_CLI_says_the_same()
    {
        var api = lab.Daemon.SettledDrops();
        foreach (var dir in new[] { "rx", "tx" })
        {
            Assert.Equal(0, api.Unaccounted(dir));
            Assert.Equal(api.Total(dir, "dropped"), api.SumOfDrops(dir));
        }

        var cli = lab.Daemon.Ctl("drops", "-o", "json").OrThrow();
        var table = DropTable.Parse(System.Text.Json.Nodes.JsonNode.Parse(cli.StdOut)!);
        Assert.Equal(api.ToString(), table.ToString());
    }

    private void Expect(string expect, string tap, byte[]? delivered, bool? anomaly, byte[] packet)
    {
        var change = lab.Observe("rx", 1, () => lab.Injector.Send(lab.Outer(packet)));
        Assert.Equal(1, change.Total("rx", "received"));
        Assert.Equal(0, change.Total("tx", "received"));
        if (expect == "D")
        {
            Assert.True(change.Total("rx", "delivered") == 1 && change.Drops.Count == 0, change.ToString());
            Assert.Equal(delivered, lab.Tap(tap).WaitFor(_ => true, "the delivered frame"));
            Assert.Equal([tap], lab.TapsWithFrames);
            if (anomaly is not null) Assert.True(anomaly == (change.Anomalies.Count > 0), change.ToString());
        }
        else
        {
            AssertOnlyDrop(change, expect);
            Assert.Empty(lab.TapsWithFrames);
        }
    }

    private static void AssertOnlyDrop(DropTable change, string reasons)
    {
        Assert.True(change.Total("rx", "dropped") == 1 && change.Total("rx", "delivered") == 0 && change.Total("rx", "consumed") == 0, change.ToString());
        var row = Assert.Single(change.Drops);
        Assert.Equal(1, row.Value);
        Assert.True(Array.Exists(reasons.Split('|'), r => r + "/rx" == row.Key), change.ToString());
    }

    private void ExpectKernelDrop(WireCase test, string family, byte[] packet)
    {
        // Followed by a datagram that does arrive: once that is counted, the first one would have been too.
        var errors = InChecksumErrors(family);
        var marker = Wire.Udp(VerdictLab.Peer("vxlan", family), VerdictLab.Local(family), 50_001, 4789, Wire.Vxlan(100, WireCases.Plain));
        var change = lab.Observe("rx", 1, () =>
        {
            lab.Injector.Send(lab.Outer(packet));
            lab.Injector.Send(lab.Outer(marker));
        });
        Assert.Equal(1, change.Total("rx", "received"));
        Assert.Equal(1, change.Total("rx", "delivered"));
        if (test.Checksum != UdpChecksum.Good) Assert.Equal(errors + 1, InChecksumErrors(family));
    }

    private long InChecksumErrors(string family) => family == "v4" ? NetLab.Snmp(lab.HostNs, "Udp", "InCsumErrors") : NetLab.Snmp(lab.HostNs, "", "Udp6InCsumErrors");
}
