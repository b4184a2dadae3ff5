using System.Buffers.Binary;
using System.Globalization;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Verdicts;

/// <summary>
/// The malformed corpus, replayed to a running daemon. Its table judges the tunnel layer alone; what our rules add is written down here, case by case.
/// </summary>
public sealed class CorpusTests(VerdictLab lab) : IClassFixture<VerdictLab>
{
    [Fact]
    public void Every_malformed_frame_ends_as_its_verdict_and_our_rules_say()
    {
        var folder = FindCorpus();
        var frames = ReadPcap(Path.Combine(folder, "malformed-shared.pcap"));
        var rows = ReadTable(Path.Combine(folder, "malformed-shared.tsv")).Where(r => r["depth"] is "1" or "").ToDictionary(r => int.Parse(r["frame"], CultureInfo.InvariantCulture));
        Assert.Equal(frames.Count, rows.Count);
        List<string> wrong = [];
        var marker = lab.Outer(Wire.Udp("192.0.2.10", VerdictLab.Local4, 50_001, 4789, Wire.Vxlan(100, WireCases.Plain)));
        foreach (var (number, row) in rows.OrderBy(r => r.Key))
        {
            var frame = frames[number - 1];
            var expected = Expect(row);
            var change = lab.Observe("rx", expected == "kernel" ? 1 : 2, () =>
            {
                lab.Injector.Send(lab.Outer(frame[14..]));
                lab.Injector.Send(marker);
            });
            var problem = expected switch
            {
                "kernel" => change.Total("rx", "received") == 1 && change.Total("rx", "delivered") == 1 ? null : "reached the daemon",
                "D" => change.Total("rx", "received") == 2 && change.Total("rx", "delivered") == 2 ? null : "not delivered",
                _ => change.Total("rx", "received") == 2 && change.Drops.Count == 1 && Array.Exists(expected.Split('|'), r => change.Drops.GetValueOrDefault(r + "/rx") == 1) ? null : "another end",
            };
            if (problem is not null) wrong.Add($"{number} {row["case"]}: expected {expected} (corpus: {row["verdict"]} {row["reason"]}), {problem}: {change}");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        var end = lab.Daemon.SettledDrops();
        Assert.Equal(0, end.Unaccounted("rx"));
    }

    private static string Expect(Dictionary<string, string> row)
    {
        var (name, verdict, reason, encap) = (row["case"], row["verdict"], row["reason"], row["encap"]);

        // What an IP stack never hands to a socket: wrong lengths, wrong or missing checksums, fragments that never complete, ports nobody listens on.
        if (reason.Contains("packet-shorter-than-ip-length", StringComparison.Ordinal) || reason.Contains("ip-or-udp-header-incomplete", StringComparison.Ordinal)) return "kernel";
        if (reason.Contains("udp-csum-bad", StringComparison.Ordinal) || reason.Contains("v6-zero-csum", StringComparison.Ordinal) || verdict == "fragment") return "kernel";
        if (reason == "udp-length" || row["udp_dport"] == "4790") return "kernel";

        if (reason.StartsWith("short-header", StringComparison.Ordinal)) return "outer_truncated";
        if (reason.StartsWith("inner-short", StringComparison.Ordinal)) return encap == "geneve" && row["inner_len"] == "0" ? "outer_truncated" : "inner_truncated";
        if (name == "geneve-bytes-on-4789") return "wrong_encap_on_port|vxlan_no_vni_flag";
        if (reason == "i-flag-clear") return "vxlan_no_vni_flag";
        if (reason == "optlen-overrun") return "outer_truncated";
        if (reason == "version") return "geneve_version";
        if (reason == "option-list-mismatch") return "geneve_bad_option";
        if (reason is "unknown-protocol-type" or "l3-version" || reason.StartsWith("l3-payload", StringComparison.Ordinal)) return "geneve_protocol";
        if (verdict == "control") return "geneve_oam";

        // No option is registered for the table; the daemon knows class 0x0104 type 3, critical or not.
        if (verdict == "critical" && !row["options"].Contains("0104:83", StringComparison.Ordinal)) return "geneve_critical_unknown";

        // P bit and a next protocol that is not Ethernet, on a port where GPE is not spoken.
        if (encap == "vxlan" && (Convert.ToInt32(row["flags"], 16) & 0x0400) != 0) return "vxlan_gpe_unsupported";

        return Layer2(row);
    }

    private static string Layer2(Dictionary<string, string> row)
    {
        if (row["vni"] is not ("0" or "100" or "16777215")) return "vni_unknown";
        var inner = int.Parse(row["inner_len"], CultureInfo.InvariantCulture);
        if (row["reason"].Contains("vlan-tag-truncated", StringComparison.Ordinal)) return "inner_truncated";
        if (row["inner_type"] == "0x0800" && inner < 34) return "inner_truncated";
        var source = Wire.Mac(row["inner_src"]);
        if ((source[0] & 1) != 0 || source.All(b => b == 0)) return "inner_source_invalid";
        if (row["inner_dst"].StartsWith("01:80:c2:00:00:0", StringComparison.Ordinal)) return "link_local";
        if (row["inner_vlans"].Length > 0) return "vlan_not_allowed";
        return inner > VerdictLab.PortMtu + 14 ? "too_big_silent|too_big_notified" : "D";
    }

    private static string FindCorpus()
    {
        foreach (var folder in new[] { "tests/Vectors/captures/malformed", "tests/Vectors/malformed", "tests/Vectors/Captures/malformed" })
        {
            var path = Path.Combine(Binaries.Root, folder);
            if (File.Exists(Path.Combine(path, "malformed-shared.pcap"))) return path;
        }

        var found = Directory.EnumerateFiles(Path.Combine(Binaries.Root, "tests"), "malformed-shared.pcap", SearchOption.AllDirectories).FirstOrDefault();
        return found is null ? throw new SkipTestException("the malformed corpus is not in this tree") : Path.GetDirectoryName(found)!;
    }

    private static List<byte[]> ReadPcap(string path)
    {
        var data = File.ReadAllBytes(path);
        var little = BinaryPrimitives.ReadUInt32LittleEndian(data) is 0xa1b2c3d4 or 0xa1b23c4d;
        List<byte[]> frames = [];
        for (var at = 24; at + 16 <= data.Length;)
        {
            var length = (int)(little ? BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(at + 8)) : BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(at + 8)));
            frames.Add(data.AsSpan(at + 16, length).ToArray());
            at += 16 + length;
        }

        return frames;
    }

    private static IEnumerable<Dictionary<string, string>> ReadTable(string path)
    {
        var lines = File.ReadAllLines(path);
        var names = lines[0].Split('\t');
        foreach (var line in lines.Skip(1))
        {
            var values = line.Split('\t');
            yield return names.Select((n, i) => (n, i)).ToDictionary(x => x.n, x => x.i < values.Length ? values[x.i] : "", StringComparer.Ordinal);
        }
    }
}
