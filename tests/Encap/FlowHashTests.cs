using Overlay.Encap.Ip;

namespace Overlay.Encap.Tests;

public sealed class FlowHashTests
{
    private static readonly FlowHashSeed Seed = new(0x0123456789ABCDEF, 0xFEDCBA9876543210);

    [Fact]
    public void A_flow_has_one_value_whatever_its_other_fields()
    {
        byte[] frame = Bytes.InnerFrame();
        uint hash = FlowHash.Compute(frame, in Seed);
        foreach (int offset in new[] { 0, 7, 15, 18, 19, 22, 25, 40, 45 })
        {
            byte[] other = (byte[])frame.Clone();
            other[offset] ^= 0x10;
            Assert.Equal(hash, FlowHash.Compute(other, in Seed));
        }
    }

    [Theory]
    [InlineData(23)]
    [InlineData(26)]
    [InlineData(33)]
    [InlineData(34)]
    [InlineData(37)]
    public void Every_part_of_the_five_tuple_counts(int offset)
    {
        byte[] frame = Bytes.InnerFrame();
        uint hash = FlowHash.Compute(frame, in Seed);
        frame[offset] ^= offset == 23 ? (byte)(17 ^ 6) : (byte)1;
        Assert.NotEqual(hash, FlowHash.Compute(frame, in Seed));
    }

    [Fact]
    public void All_fragments_of_a_datagram_share_a_value_that_ignores_ports()
    {
        byte[] first = Bytes.InnerFrame();
        first[20] = 0x20;
        byte[] last = (byte[])first.Clone();
        last[20] = 0;
        last[21] = 2;
        last.AsSpan(34, 4).Fill(0x77);
        Assert.Equal(FlowHash.Compute(first, in Seed), FlowHash.Compute(last, in Seed));
    }

    [Fact]
    public void Ipv6_fragments_share_a_value_and_extension_headers_are_looked_through()
    {
        byte[] plain = V6(IpProtocol.Udp, "0fa0138800080000");
        byte[] options = V6(IpProtocol.DestinationOptions, "1100010400000000 0fa0138800080000");
        byte[] first = V6(IpProtocol.Fragment, "1100000100000009 0fa0138800080000");
        byte[] later = V6(IpProtocol.Fragment, "1100004100000009 7777777777777777");
        Assert.Equal(FlowHash.Compute(plain, in Seed), FlowHash.Compute(options, in Seed));
        Assert.Equal(FlowHash.Compute(first, in Seed), FlowHash.Compute(later, in Seed));
        plain[^8] ^= 1;
        Assert.NotEqual(FlowHash.Compute(options, in Seed), FlowHash.Compute(plain, in Seed));
    }

    [Fact]
    public void Damaged_ip_headers_hash_as_opaque_frames()
    {
        byte[] frame = Bytes.InnerFrame();
        frame[14] = 0x4F;
        frame[17] = 0xFF;
        uint hash = FlowHash.Compute(frame, in Seed);
        frame[26] ^= 1;
        Assert.Equal(hash, FlowHash.Compute(frame, in Seed));
        frame[0] ^= 4;
        Assert.NotEqual(hash, FlowHash.Compute(frame, in Seed));
    }

    [Fact]
    public void Ip_options_do_not_change_the_value()
    {
        byte[] frame = Bytes.InnerFrame();
        byte[] options = Bytes.Concat(frame[..34], Bytes.Hex("01010101"), frame[34..]);
        options[14] = 0x46;
        options[17] += 4;
        Assert.Equal(FlowHash.Compute(frame, in Seed), FlowHash.Compute(options, in Seed));
    }

    [Fact]
    public void A_tag_does_not_hide_the_flow()
    {
        byte[] tagged = Bytes.Concat(Bytes.InnerFrame()[..12], Bytes.Hex("81000064"), Bytes.InnerFrame()[12..]);
        Assert.Equal(FlowHash.Compute(Bytes.InnerFrame(), in Seed), FlowHash.Compute(tagged, in Seed));
    }

    [Fact]
    public void The_seed_survives_serialisation_and_another_seed_gives_other_values()
    {
        FlowHashSeed seed = FlowHashSeed.CreateRandom();
        byte[] octets = Bytes.Dirty(16);
        seed.WriteTo(octets);
        Assert.Equal(seed, FlowHashSeed.Read(octets));
        Assert.True(FlowHashSeed.TryParse(seed.ToString(), out FlowHashSeed parsed));
        Assert.Equal(seed, parsed);
        Assert.False(FlowHashSeed.TryParse("00", out _));
        Assert.False(FlowHashSeed.TryParse(new string('g', 32), out _));
        Assert.NotEqual(FlowHash.Compute(Bytes.InnerFrame(), in Seed), FlowHash.Compute(Bytes.InnerFrame(), in seed));
    }

    [Fact]
    public void Flows_that_differ_by_one_port_spread_evenly_over_64_sockets()
    {
        int[] counts = new int[64];
        byte[] frame = Bytes.InnerFrame();
        for (int port = 0; port < 64 * 256; port++)
        {
            frame[34] = (byte)(port >> 8);
            frame[35] = (byte)port;
            counts[FlowHash.Compute(frame, in Seed) & 63]++;
        }

        // 256 expected, standard deviation 16.
        Assert.All(counts, static count => Assert.InRange(count, 176, 336));
    }

    [Fact]
    public void Any_bytes_are_hashed_without_an_exception_and_without_allocation()
    {
        byte[][] seeds = [Bytes.InnerFrame(), V6(IpProtocol.Fragment, "1100000100000009 0fa0138800080000"), V6(0, "3c00000000000000 1100000000000000")];
        var random = new Random(7);
        for (int i = 0; i < 200_000; i++)
        {
            byte[] frame = Bytes.Mutate(random, seeds);
            Assert.Equal(FlowHash.Compute(frame, in Seed), FlowHash.Compute(frame, in Seed));
        }

        Assert.Equal(0, Allocation.Least(() => _ = FlowHash.Compute(seeds[0], in Seed)));
    }

    private static byte[] V6(byte next, string hex)
    {
        byte[] upper = Bytes.Hex(hex);
        byte[] packet = new byte[40];
        new IPv6Header(UnderlayAddress.Parse("2001:db8::1"), UnderlayAddress.Parse("2001:db8::2"), next, upper.Length).WriteTo(packet);
        return Bytes.Concat(Bytes.Hex("02000000000b02000000000a86dd"), packet, upper);
    }
}
