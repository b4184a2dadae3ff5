namespace Overlay.Encap.Tests;

/// <summary>Hexadecimal literals and dirty buffers.</summary>
internal static class Bytes
{
    public static byte[] Hex(string text) => Convert.FromHexString(text.Replace(" ", string.Empty, StringComparison.Ordinal));

    /// <summary>A buffer in which a forgotten octet shows.</summary>
    public static byte[] Dirty(int length)
    {
        byte[] buffer = new byte[length];
        buffer.AsSpan().Fill(0xA5);
        return buffer;
    }

    public static string Text(ReadOnlySpan<byte> octets) => Convert.ToHexStringLower(octets);

    /// <summary>Untagged IPv4 UDP frame, 36 octets of IP, valid checksums: the inner frame of the malformed corpus.</summary>
    public static byte[] InnerFrame() =>
        Hex("02000000000b02000000000a08004500002400010000401166b40a00000a0a00000b0fa0138800100b417061796c6f616421");

    public static byte[] Concat(params byte[][] parts) => [.. parts.SelectMany(static part => part)];

    /// <summary>Random octets, biased towards headers that nearly parse: a mutated seed, a cut seed, or noise.</summary>
    public static byte[] Mutate(Random random, IReadOnlyList<byte[]> seeds, int maxNoise = 300)
    {
        if (random.Next(8) == 0)
        {
            byte[] noise = new byte[random.Next(maxNoise)];
            random.NextBytes(noise);
            return noise;
        }

        byte[] copy = (byte[])seeds[random.Next(seeds.Count)].Clone();
        for (int i = random.Next(6); i > 0 && copy.Length != 0; i--)
        {
            copy[random.Next(Math.Min(copy.Length, random.Next(2) == 0 ? 16 : copy.Length))] = (byte)random.Next(256);
        }

        return random.Next(3) == 0 ? copy[..random.Next(copy.Length + 1)] : copy;
    }
}
