using System.Diagnostics.CodeAnalysis;

namespace Overlay.Encap;

/// <summary>
/// The 128-bit secret of <see cref="FlowHash"/>. Random at first start and handed over a restart, so that a flow keeps its source port and
/// strangers cannot aim flows at one port.
/// </summary>
/// <param name="First">First half.</param>
/// <param name="Second">Second half.</param>
public readonly record struct FlowHashSeed(ulong First, ulong Second)
{
    /// <summary>Octets of the serialised form.</summary>
    public const int Length = 16;

    /// <summary>A new random seed, from the kernel's generator.</summary>
    public static FlowHashSeed CreateRandom() => new(RandomWord(), RandomWord());

    /// <summary>Reads the serialised form.</summary>
    /// <param name="source">At least <see cref="Length"/> octets.</param>
    public static FlowHashSeed Read(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(source), BinaryPrimitives.ReadUInt64BigEndian(source[8..]));

    /// <summary>Parses the text of <see cref="ToString"/>.</summary>
    /// <param name="text">32 hexadecimal digits.</param>
    /// <param name="seed">The seed, or zero.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, out FlowHashSeed seed)
    {
        seed = default;
        Span<byte> octets = stackalloc byte[Length];
        if (text is not { Length: 2 * Length } || Convert.FromHexString(text, octets, out _, out int written) != System.Buffers.OperationStatus.Done || written != Length)
        {
            return false;
        }

        seed = Read(octets);
        return true;
    }

    /// <summary>Writes the serialised form.</summary>
    /// <param name="destination">At least <see cref="Length"/> octets.</param>
    public void WriteTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, First);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Second);
    }

    /// <summary>32 hexadecimal digits. A secret: for the state file, not for logs.</summary>
    public override string ToString()
    {
        Span<byte> octets = stackalloc byte[Length];
        WriteTo(octets);
        return Convert.ToHexStringLower(octets);
    }

    // The kernel's generator without loading a cryptographic library, which would cost a start 15 ms and 5 MB. Of a version 4 UUID six bits are
    // fixed, none of them at the same place in both halves: every bit of the sum is random.
    private static ulong RandomWord()
    {
        Span<byte> uuid = stackalloc byte[16];
        _ = Guid.NewGuid().TryWriteBytes(uuid);
        return BinaryPrimitives.ReadUInt64LittleEndian(uuid) ^ BinaryPrimitives.ReadUInt64LittleEndian(uuid[8..]);
    }
}
