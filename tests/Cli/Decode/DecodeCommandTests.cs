using System.Text.Json;
using Overlay.Cli.Decode;
using Xunit;

namespace Overlay.Cli.Tests.Decode;

public sealed class DecodeCommandTests
{
    private const string VxlanPayload = "0800000000006400 02000000000b02000000000a9000";
    private const string Frame = "02aa0000002002aa0000001008004500003200010000401100000a0000010a000002c82212b5001e00000800000000006400 02000000000b02000000000a9000";

    public static TheoryData<string> Captures()
    {
        var captures = new TheoryData<string>();
        foreach (string file in Directory.GetFiles(Path.Combine(RepositoryFiles.Root, "tests", "Vectors"), "*.tsv", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            if (File.Exists(Path.ChangeExtension(file, ".pcap")))
            {
                captures.Add(Path.GetRelativePath(RepositoryFiles.Root, file));
            }
        }

        return captures;
    }

    [Theory]
    [MemberData(nameof(Captures))]
    public void Json_lines_have_the_columns_and_formats_of_the_ground_truth(string truth)
    {
        string path = Path.Combine(RepositoryFiles.Root, truth);
        (int code, string output, string error) = Run(Path.ChangeExtension(path, ".pcap"), json: true);
        Assert.Equal((0, ""), (code, error));
        string[] lines = File.ReadAllLines(path);
        string[] names = lines[0].Split('\t');
        string[] expected = [.. lines.Skip(1).Select(line => string.Join('\t', names.Zip(line.Split('\t')).Where(static p => p.First != "case").Select(static p => $"{p.First}={p.Second}")))];
        Assert.Equal(expected, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Flatten));
    }

    [Theory]
    [InlineData(VxlanPayload, null, "vxlan", "100", "accept")]
    [InlineData(VxlanPayload, "vxlan", "vxlan", "100", "accept")]
    [InlineData("0x08:00:00:00:00:00:64:00", "vxlan", "vxlan", "100", "drop")]
    [InlineData("0c00000300006400 02000000000b02000000000a9000", "vxlan-gpe", "vxlan-gpe", "100", "accept")]
    [InlineData("0000655800006400 02000000000b02000000000a9000", null, "geneve", "100", "accept")]
    [InlineData("0000655800006400 02000000000b02000000000a9000", "geneve", "geneve", "100", "accept")]
    [InlineData(Frame, null, "vxlan", "100", "accept")]
    [InlineData(Frame, "frame", "vxlan", "100", "accept")]
    public void Hexadecimal_input_is_a_frame_or_a_payload(string hex, string? kind, string encap, string vni, string verdict)
    {
        (int code, string output, _) = Run(hex, json: true, kind);
        Assert.Equal(0, code);
        using JsonDocument document = JsonDocument.Parse(output);
        Assert.Equal(encap, document.RootElement.GetProperty("encap").GetString());
        Assert.Equal(vni, document.RootElement.GetProperty("vni").GetString());
        Assert.Equal(verdict, document.RootElement.GetProperty("verdict").GetString());
    }

    [Theory]
    [InlineData("", null, 2)]
    [InlineData("0g", null, 2)]
    [InlineData("080", null, 2)]
    [InlineData("/no/such/file.pcap", null, 2)]
    [InlineData("00\u001b[31m", null, 2)]
    [InlineData(VxlanPayload, "nvgre", 2)]
    [InlineData("ffffffffffff", null, 1)]
    public void Other_input_is_refused_with_a_sentence(string input, string? kind, int expected)
    {
        (int code, string output, string error) = Run(input, json: true, kind);
        Assert.Equal((expected, ""), (code, output));
        Assert.StartsWith("overlayctl: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', error);
    }

    [Fact]
    public void A_damaged_capture_prints_what_came_before_and_fails()
    {
        string path = Path.Combine(Path.GetTempPath(), $"overlay-decode-{Guid.NewGuid():n}.pcap");
        try
        {
            byte[] whole = File.ReadAllBytes(Path.Combine(RepositoryFiles.Root, "tests", "Vectors", "generated", "k01-vxlan-v4-arp-icmp-tcp.pcap"));
            File.WriteAllBytes(path, whole[..^1]);
            (int code, string output, string error) = Run(path, json: true);
            Assert.Equal(1, code);
            Assert.Equal(25, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
            Assert.Contains("cut short", error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData(VxlanPayload, "frame 1  accept\n", "1 frames, 1 tunnel layers: accept 1\n")]
    [InlineData("0000000000006400 02000000000b02000000000a9000", "frame 1  drop  (", "1 frames, 1 tunnel layers: drop 1\n")]
    public void The_tree_begins_with_the_verdict_and_its_reason_and_ends_with_the_sum(string hex, string begin, string end)
    {
        (_, string output, _) = Run(hex, json: false, "vxlan");
        Assert.StartsWith(begin, output, StringComparison.Ordinal);
        Assert.EndsWith(end, output, StringComparison.Ordinal);
        (_, string json, _) = Run(hex, json: true, "vxlan");
        using JsonDocument document = JsonDocument.Parse(json);
        Assert.Contains(document.RootElement.GetProperty("reason").GetString()!, output, StringComparison.Ordinal);
    }

    [Fact]
    public void People_get_a_tree_and_a_summary()
    {
        (int code, string output, _) = Run(Path.Combine(RepositoryFiles.Root, "tests", "Vectors", "malformed", "malformed-shared.pcap"), json: false);
        Assert.Equal(0, code);
        Assert.Contains("  option  class 0x0104 type 0x83 critical  deadbeef", output, StringComparison.Ordinal);
        Assert.Contains("138 frames, ", output, StringComparison.Ordinal);
        Assert.DoesNotContain(output.Split('\n'), static line => line.EndsWith(' '));
    }

    private static (int Code, string Output, string Error) Run(string input, bool json, string? kind = null)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        int code = DecodeCommand.Run(input, kind, json, output, error);
        return (code, output.ToString(), error.ToString());
    }

    private static string Flatten(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        return string.Join('\t', document.RootElement.EnumerateObject().Select(static p => $"{p.Name}={p.Value.GetString()}"));
    }
}
