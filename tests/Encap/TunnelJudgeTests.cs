using Overlay.Encap.Geneve;
using Overlay.Encap.Vxlan;

namespace Overlay.Encap.Tests;

/// <summary>The rows of the verdict table that the tunnel layer decides.</summary>
public sealed class TunnelJudgeTests
{
    private static readonly TunnelJudgeOptions Default = TunnelJudgeOptions.Default;
    private static readonly TunnelJudgeOptions Strict = Default with { Strict = true };

    [Theory]
    [InlineData("", ParseStatus.OuterTruncated)]
    [InlineData("08000000000064", ParseStatus.OuterTruncated)]
    [InlineData("0800000000006400", ParseStatus.InnerTruncated)]
    [InlineData("0800000000006400 02000000000b02000000000a08", ParseStatus.InnerTruncated)]
    [InlineData("0800000000006400 02000000000b02000000000a0800", ParseStatus.Ok)]
    [InlineData("0000000000006400 02000000000b02000000000a9000", ParseStatus.VxlanNoVniFlag)]
    [InlineData("0c00000100006400 02000000000b02000000000a9000", ParseStatus.VxlanGpeUnsupported)]
    public void Vxlan_rows(string hex, ParseStatus expected)
    {
        Assert.Equal(expected, TunnelJudge.Judge(Bytes.Hex(hex), EncapKind.Vxlan, in Default, out _));
        Assert.Equal(expected, TunnelJudge.Judge(Bytes.Hex(hex), EncapKind.Vxlan, in Strict, out _));
    }

    [Theory]
    [InlineData("", ParseStatus.OuterTruncated)]
    [InlineData("00006558000064", ParseStatus.OuterTruncated)]
    [InlineData("0000655800006400", ParseStatus.OuterTruncated)]
    [InlineData("0100655800006400 000000", ParseStatus.OuterTruncated)]
    [InlineData("0100655800006400 00000000", ParseStatus.OuterTruncated)]
    [InlineData("0000655800006400 02", ParseStatus.InnerTruncated)]
    [InlineData("0000655800006400 02000000000b02000000000a9000", ParseStatus.Ok)]
    [InlineData("4000655800006400 02000000000b02000000000a9000", ParseStatus.GeneveVersion)]
    [InlineData("c000655800006400 02000000000b02000000000a9000", ParseStatus.GeneveVersion)]
    [InlineData("0080655800006400 02000000000b02000000000a9000", ParseStatus.GeneveOam)]
    [InlineData("0080655800006400", ParseStatus.GeneveOam)]
    [InlineData("0000080000006400 02000000000b02000000000a9000", ParseStatus.GeneveProtocol)]
    [InlineData("0000080600006400 02000000000b02000000000a9000", ParseStatus.GeneveProtocol)]
    [InlineData("0100655800006400 01050701 02000000000b02000000000a9000", ParseStatus.GeneveBadOption)]
    [InlineData("0140655800006400 01058700 02000000000b02000000000a9000", ParseStatus.GeneveCriticalUnknown)]
    [InlineData("0100655800006400 01058700 02000000000b02000000000a9000", ParseStatus.GeneveCriticalUnknown)]
    [InlineData("0100655800006400 01050700 02000000000b02000000000a9000", ParseStatus.Ok)]
    public void Geneve_rows(string hex, ParseStatus expected)
    {
        Assert.Equal(expected, TunnelJudge.Judge(Bytes.Hex(hex), EncapKind.Geneve, in Default, out _));
        Assert.Equal(expected, TunnelJudge.Judge(Bytes.Hex(hex), EncapKind.Geneve, in Strict, out _));
    }

    [Theory]
    [InlineData(EncapKind.Vxlan, "1800000000006400", ParseAnomaly.VxlanReservedBits)]
    [InlineData(EncapKind.Vxlan, "8848123400006400", ParseAnomaly.VxlanReservedBits)]
    [InlineData(EncapKind.Vxlan, "08000000000064ff", ParseAnomaly.VxlanReservedBits)]
    [InlineData(EncapKind.Vxlan, "0c00000300006400", ParseAnomaly.VxlanReservedBits)]
    [InlineData(EncapKind.Geneve, "0001655800006400", ParseAnomaly.GeneveReservedBits)]
    [InlineData(EncapKind.Geneve, "00006558000064ff", ParseAnomaly.GeneveReservedBits)]
    [InlineData(EncapKind.Geneve, "0100655800006400 01050720", ParseAnomaly.GeneveOptionReservedBits)]
    public void Reserved_bits_are_delivered_as_an_anomaly_and_dropped_in_strict_mode(EncapKind kind, string hex, ParseAnomaly anomaly)
    {
        byte[] payload = Bytes.Concat(Bytes.Hex(hex), Bytes.InnerFrame());
        Assert.Equal(ParseStatus.Ok, TunnelJudge.Judge(payload, kind, in Default, out TunnelInfo info));
        Assert.Equal(anomaly, info.Anomalies);
        Assert.Equal(ParseStatus.ReservedBitsSet, TunnelJudge.Judge(payload, kind, in Strict, out _));
    }

    [Theory]
    [InlineData("0140655800006400 01028100", ParseStatus.GeneveCriticalUnknown, ParseAnomaly.None)]
    [InlineData("0240655800006400 01028101 00000011", ParseStatus.Ok, ParseAnomaly.None)]
    [InlineData("0200655800006400 01028101 00000011", ParseStatus.Ok, ParseAnomaly.CriticalWithoutCBit)]
    [InlineData("0240655800006400 01020101 00000011", ParseStatus.Ok, ParseAnomaly.CBitWithoutCritical)]
    [InlineData("0040655800006400", ParseStatus.Ok, ParseAnomaly.CBitWithoutCritical)]
    [InlineData("0100655800006400 01020100", ParseStatus.Ok, ParseAnomaly.UnusableOption)]
    [InlineData("0400655800006400 01020101 00000011 01020101 00000012", ParseStatus.Ok, ParseAnomaly.DuplicateOption)]
    public void Critical_and_known_options(string hex, ParseStatus expected, ParseAnomaly anomaly)
    {
        byte[] payload = Bytes.Concat(Bytes.Hex(hex), Bytes.InnerFrame());
        Assert.Equal(expected, TunnelJudge.Judge(payload, EncapKind.Geneve, in Default, out TunnelInfo info));
        Assert.Equal(anomaly, info.Anomalies);
        Assert.True(!info.HasPolicy || info.PolicyId == 0x11);
    }

    [Fact]
    public void The_three_options_are_found_in_any_order_and_of_any_legal_length()
    {
        byte[] payload = Bytes.Concat(
            Bytes.Hex("0c00655812345600 01040304 0000000700000000000000000000000001050700 0103020200000001000000020102010200000011deadbeef"), Bytes.InnerFrame());
        Assert.Equal(ParseStatus.Ok, TunnelJudge.Judge(payload, EncapKind.Geneve, in Default, out TunnelInfo info));
        Assert.Equal(0x123456u, info.Vni.Value);
        Assert.Equal(7u, info.Identity);
        Assert.Equal(17u, info.PolicyId);
        Assert.True(info.HasIdentity && info.HasPolicy && info.HasTelemetry);
        Assert.Equal("0000000100000002", Bytes.Text(payload.AsSpan(info.TelemetryOffset, 8)));
        Assert.Equal(56, info.InnerOffset);
        Assert.Equal(Bytes.Text(Bytes.InnerFrame()), Bytes.Text(payload.AsSpan(info.InnerOffset, info.InnerLength)));
    }

    [Fact]
    public void All_five_bits_of_an_option_length_are_read()
    {
        // 124 octets of data that would be unknown critical options, were they walked into.
        byte[] data = new byte[124];
        for (int i = 0; i < data.Length; i += 4)
        {
            Bytes.Hex("01058700").CopyTo(data, i);
        }

        byte[] payload = Bytes.Concat(Bytes.Hex("2000655800006400 0105071f"), data, Bytes.InnerFrame());
        Assert.Equal(ParseStatus.Ok, TunnelJudge.Judge(payload, EncapKind.Geneve, in Default, out TunnelInfo info));
        Assert.Equal(ParseAnomaly.None, info.Anomalies);
    }

    [Fact]
    public void Sixty_three_words_of_empty_options_are_delivered()
    {
        byte[] payload = Bytes.Concat(Bytes.Hex("3f00655800006400"), new byte[252], Bytes.InnerFrame());
        Assert.Equal(ParseStatus.Ok, TunnelJudge.Judge(payload, EncapKind.Geneve, in Default, out TunnelInfo info));
        Assert.Equal(260, info.InnerOffset);
    }

    [Fact]
    public void Gbp_is_read_only_where_it_is_on()
    {
        byte[] payload = Bytes.Concat(Bytes.Hex("8848123400006400"), Bytes.InnerFrame());
        TunnelJudgeOptions gbp = Strict with { Gbp = true };
        Assert.Equal(ParseStatus.Ok, TunnelJudge.Judge(payload, EncapKind.Vxlan, in gbp, out TunnelInfo info));
        Assert.Equal(0x1234u, info.PolicyId);
        Assert.Equal(TunnelFields.Policy | TunnelFields.DontLearn | TunnelFields.PolicyApplied, info.Fields);
        Assert.Equal(ParseStatus.Ok, TunnelJudge.Judge(payload, EncapKind.Vxlan, in Default, out info));
        Assert.False(info.HasPolicy);
    }

    [Theory]
    [InlineData("0000655800006400")]
    [InlineData("0800655800006400 01020107 00000001000000020000000300000004000000050000000600000007")]
    [InlineData("0840655800006400 01048307 00000001000000020000000300000004000000050000000600000007")]
    public void Geneve_bytes_on_a_vxlan_socket_are_recognised(string hex)
    {
        byte[] payload = Bytes.Concat(Bytes.Hex(hex), Bytes.InnerFrame());
        foreach (TunnelJudgeOptions options in new[] { Default, Strict, Default with { Gbp = true } })
        {
            TunnelJudgeOptions copy = options;
            Assert.Equal(ParseStatus.WrongEncap, TunnelJudge.Judge(payload, EncapKind.Vxlan, in copy, out _));
        }
    }

    [Theory]
    [InlineData("0800000000006400", ParseStatus.WrongEncap)]
    [InlineData("8848123400006400", ParseStatus.GeneveVersion)]
    public void Vxlan_bytes_on_a_geneve_socket_are_never_delivered(string hex, ParseStatus expected)
    {
        for (int length = 14; length < 200; length++)
        {
            byte[] frame = new byte[length];
            Bytes.InnerFrame().AsSpan(0, Math.Min(length, 50)).CopyTo(frame);
            Assert.Equal(expected, TunnelJudge.Judge(Bytes.Concat(Bytes.Hex(hex), frame), EncapKind.Geneve, in Default, out _));
        }
    }

    [Theory]
    [InlineData("02000000000b02000000000a", ParseStatus.InnerTruncated)]
    [InlineData("02000000000b02000000000a0800", ParseStatus.InnerTruncated)]
    [InlineData("02000000000b02000000000a86dd", ParseStatus.InnerTruncated)]
    [InlineData("02000000000b02000000000a9000", ParseStatus.Ok)]
    [InlineData("02000000000b02000000000a0800450000240001", ParseStatus.InnerTruncated)]
    [InlineData("02000000000b02000000000a0800 4f00ffff00010000401166b40a00000a0a00000b", ParseStatus.Ok)]
    [InlineData("02000000000b02000000000a8100", ParseStatus.InnerTruncated)]
    [InlineData("02000000000b02000000000a810000", ParseStatus.InnerTruncated)]
    [InlineData("02000000000b02000000000a81000005", ParseStatus.InnerTruncated)]
    [InlineData("02000000000b02000000000a810000058100000608", ParseStatus.InnerTruncated)]
    [InlineData("02000000000b02000000000a810000059000", ParseStatus.Ok)]
    [InlineData("02000000000b02000000000a810000050800", ParseStatus.InnerTruncated)]
    [InlineData("02000000000b02000000000a0026424203", ParseStatus.Ok)]
    public void Inner_rows(string hex, ParseStatus expected)
    {
        Assert.Equal(expected, InnerFrame.Check(Bytes.Hex(hex)));
    }

    [Fact]
    public void Any_bytes_are_judged_without_an_exception_and_within_bounds()
    {
        byte[][] seeds =
        [
            Bytes.Concat(Bytes.Hex("0800000000006400"), Bytes.InnerFrame()),
            Bytes.Concat(Bytes.Hex("0c00000300006400"), Bytes.InnerFrame()),
            Bytes.Concat(Bytes.Hex("0640655800006400 01020101cafe0001 01030202000102030405060701048301deadbeef"), Bytes.InnerFrame()),
            Bytes.Concat(Bytes.Hex("3f00655800006400"), new byte[252], Bytes.InnerFrame()),
        ];
        TunnelJudgeOptions[] options =
        [
            Default, Strict, Default with { Gbp = true, Gpe = GpeHandling.Accept, AcceptL3 = true }, Default with { Registry = GeneveOptionRegistry.Empty },
        ];
        var random = new Random(1);
        int ok = 0;
        for (int i = 0; i < 400_000; i++)
        {
            byte[] payload = Bytes.Mutate(random, seeds, 400);
            ref readonly TunnelJudgeOptions chosen = ref options[i & 3];
            if (TunnelJudge.Judge(payload, (EncapKind)(1 + ((i >> 2) & 1)), in chosen, out TunnelInfo info) == ParseStatus.Ok)
            {
                ok++;
                Assert.Equal(payload.Length, info.InnerOffset + info.InnerLength);
                Assert.True(info.InnerOffset is >= 8 and <= 260);
                Assert.True(!info.HasTelemetry || info.TelemetryOffset + 8 <= info.InnerOffset);
                _ = InnerFrame.Check(payload.AsSpan(info.InnerOffset));
            }
        }

        Assert.True(ok > 10_000, $"only {ok} inputs were well formed: the fuzz does not reach the depths");
    }

    [Fact]
    public void Judging_allocates_nothing()
    {
        byte[] vxlan = Bytes.Concat(Bytes.Hex("0800000000006400"), Bytes.InnerFrame());
        byte[] geneve = Bytes.Concat(Bytes.Hex("0640655800006400 01020101cafe0001 0103020200010203040506070104830100000001"), Bytes.InnerFrame());
        uint sum = 0;
        Assert.Equal(0, Allocation.Least(() =>
        {
            for (int i = 0; i < 10_000; i++)
            {
                _ = TunnelJudge.Judge(vxlan, EncapKind.Vxlan, in Default, out TunnelInfo info);
                sum += info.Vni.Value;
                _ = TunnelJudge.Judge(geneve, EncapKind.Geneve, in Default, out info);
                sum += info.PolicyId;
            }
        }));

        Assert.NotEqual(0u, sum);
    }
}
