using System.Buffers.Binary;
using Overlay.Encap.Ip;

namespace Overlay.Encap.Tests.Ip;

public sealed class InternetChecksumTests
{
    [Theory]
    [InlineData("", 0xFFFF)]
    [InlineData("00", 0xFFFF)]
    [InlineData("01", 0xFEFF)]
    [InlineData("0001f203f4f5f6f7", 0x220D)]
    [InlineData("4500002400010000401100000a00000a0a00000b", 0x66B4)]
    public void Known_checksums(string hex, int expected)
    {
        Assert.Equal(expected, InternetChecksum.Compute(Bytes.Hex(hex)));
    }

    [Fact]
    public void Every_length_offset_and_seed_agrees_with_the_definition()
    {
        var random = new Random(2);
        byte[] data = new byte[4096];
        for (int i = 0; i < 20_000; i++)
        {
            int length = i < 2_000 ? i : random.Next(data.Length - 64);
            int offset = random.Next(64);
            random.NextBytes(data.AsSpan(0, 256));
            data.AsSpan(random.Next(2048), 512).Fill((byte)(random.Next(2) * 0xFF));
            uint seed = (uint)random.Next(0x4_0000);
            ReadOnlySpan<byte> part = data.AsSpan(Math.Min(offset, data.Length - length), length);
            Assert.Equal(Naive(part, seed), InternetChecksum.Compute(part, seed));
        }
    }

    [Fact]
    public void Long_data_of_all_ones_does_not_overflow()
    {
        byte[] data = new byte[(3 << 20) + 1];
        data.AsSpan().Fill(0xFF);
        Assert.Equal(Naive(data, uint.MaxValue), InternetChecksum.Compute(data, uint.MaxValue));
    }

    [Theory]
    [InlineData(0x0000_0000_0000_FFFFul, 0xFFFF)]
    [InlineData(0x0001_0000_FFFF_FFFFul, 1)]
    [InlineData(0x0002_0000_FFFF_FFFEul, 1)]
    [InlineData(ulong.MaxValue, 0xFFFF)]
    public void Every_carry_of_a_sum_is_folded_in(ulong sum, int expected)
    {
        Assert.Equal(expected, InternetChecksum.Fold(sum));
    }

    [Fact]
    public void A_sum_can_be_taken_piecewise()
    {
        var random = new Random(3);
        byte[] data = new byte[1500];
        random.NextBytes(data);
        for (int cut = 0; cut <= data.Length; cut += 2)
        {
            Assert.Equal(InternetChecksum.Sum(data), InternetChecksum.Sum(data.AsSpan(cut), InternetChecksum.Sum(data.AsSpan(0, cut))));
        }
    }

    [Fact]
    public void Incremental_updates_equal_a_new_computation()
    {
        var random = new Random(4);
        byte[] data = new byte[64];
        for (int i = 0; i < 100_000; i++)
        {
            random.NextBytes(data);
            data[0] |= 1;
            int offset = 2 + (2 * random.Next(30));
            ushort before = InternetChecksum.Compute(data);
            if (offset + 4 <= data.Length)
            {
                uint oldWord = BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(offset));
                random.NextBytes(data.AsSpan(offset, 4));
                uint newWord = BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(offset));
                Assert.Equal(InternetChecksum.Compute(data), InternetChecksum.Update32(before, oldWord, newWord));
                before = InternetChecksum.Compute(data);
            }

            ushort oldHalf = BinaryPrimitives.ReadUInt16BigEndian(data.AsSpan(offset));
            random.NextBytes(data.AsSpan(offset, 2));
            ushort newHalf = BinaryPrimitives.ReadUInt16BigEndian(data.AsSpan(offset));
            Assert.Equal(InternetChecksum.Compute(data), InternetChecksum.Update16(before, oldHalf, newHalf));
        }
    }

    [Fact]
    public void Pseudo_headers_of_both_families_verify_real_datagrams()
    {
        // Frames 48 and 136 of the malformed corpus: VXLAN over IPv4 and Geneve over IPv6, checksums made elsewhere.
        byte[] v4 = Bytes.Concat(Bytes.Hex("c82212b500423c94 0800000000006400"), Bytes.InnerFrame());
        uint seed = InternetChecksum.PseudoHeaderSum(UnderlayAddress.Parse("192.0.2.10"), UnderlayAddress.Parse("192.0.2.20"), IpProtocol.Udp, v4.Length);
        Assert.True(InternetChecksum.IsValid(v4, seed));
        byte[] v6 = Bytes.Concat(Bytes.Hex("c82217c1004afe98 0200655800006400 0102010100000001"), Bytes.InnerFrame());
        seed = InternetChecksum.PseudoHeaderSum(UnderlayAddress.Parse("2001:db8::10"), UnderlayAddress.Parse("2001:db8::20"), IpProtocol.Udp, v6.Length);
        Assert.True(InternetChecksum.IsValid(v6, seed));
        v6[20] ^= 1;
        Assert.False(InternetChecksum.IsValid(v6, seed));
    }

    private static ushort Naive(ReadOnlySpan<byte> data, uint seed)
    {
        ulong sum = seed;
        for (int i = 0; i < data.Length; i++)
        {
            sum += (ulong)data[i] << ((i & 1) == 0 ? 8 : 0);
        }

        while (sum > 0xFFFF)
        {
            sum = (sum >> 16) + (sum & 0xFFFF);
        }

        return (ushort)~sum;
    }
}
