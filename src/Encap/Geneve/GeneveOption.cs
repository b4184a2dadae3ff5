namespace Overlay.Encap.Geneve;

/// <summary>
/// A Geneve option for emission (RFC 8926 3.5):
/// <code>
/// |          Option Class         |      Type     |R|R|R| Length  |
/// ~                      Variable-Length Option Data              ~
/// </code>
/// The type's high bit says critical; Length counts 4-octet words of data. R bits are written as zero.
/// </summary>
public sealed class GeneveOption
{
    /// <summary>Octets in front of the data.</summary>
    public const int HeaderLength = 4;

    /// <summary>The longest data: 31 words.</summary>
    public const int MaxDataLength = 124;

    private readonly byte[] _data;

    /// <summary>Makes an option.</summary>
    /// <param name="id">Class and type.</param>
    /// <param name="critical">Write the critical bit: a receiver that does not know the option must drop the packet.</param>
    /// <param name="data">A multiple of 4 octets, 0..<see cref="MaxDataLength"/>; copied.</param>
    /// <exception cref="ArgumentException">The data has no legal length.</exception>
    public GeneveOption(GeneveOptionId id, bool critical, ReadOnlySpan<byte> data)
    {
        if ((data.Length & 3) != 0 || data.Length > MaxDataLength)
        {
            throw new ArgumentException("option data is a multiple of 4 octets, at most 124", nameof(data));
        }

        Id = id;
        Critical = critical;
        _data = data.ToArray();
    }

    /// <summary>Class and type.</summary>
    public GeneveOptionId Id { get; }

    /// <summary>The critical bit.</summary>
    public bool Critical { get; }

    /// <summary>The data.</summary>
    public ReadOnlySpan<byte> Data => _data;

    /// <summary>Octets on the wire, header included.</summary>
    public int Length => HeaderLength + _data.Length;

    /// <summary>The security policy option with our layout: a 32-bit id.</summary>
    /// <param name="registry">Which class and type it has here.</param>
    /// <param name="policyId">The id.</param>
    /// <param name="critical">The peer must not forward without understanding it.</param>
    public static GeneveOption Policy(GeneveOptionRegistry registry, uint policyId, bool critical)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return Word(registry.Policy, policyId, critical);
    }

    /// <summary>The source identity option with our layout: a 32-bit identity.</summary>
    /// <param name="registry">Which class and type it has here.</param>
    /// <param name="identity">The identity.</param>
    /// <param name="critical">The peer must not forward without understanding it.</param>
    public static GeneveOption Identity(GeneveOptionRegistry registry, uint identity, bool critical)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return Word(registry.Identity, identity, critical);
    }

    /// <summary>The telemetry option with our layout: a 32-bit sequence number and a 32-bit time stamp in microseconds.</summary>
    /// <param name="registry">Which class and type it has here.</param>
    /// <param name="sequence">Per (sender, receiver) sequence number; wraps.</param>
    /// <param name="timestamp">Microseconds of the sender's monotonic clock; wraps.</param>
    public static GeneveOption Telemetry(GeneveOptionRegistry registry, uint sequence, uint timestamp)
    {
        ArgumentNullException.ThrowIfNull(registry);
        Span<byte> data = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32BigEndian(data, sequence);
        BinaryPrimitives.WriteUInt32BigEndian(data[4..], timestamp);
        return new GeneveOption(registry.Telemetry, critical: false, data);
    }

    /// <summary>Writes every octet.</summary>
    /// <param name="destination">At least <see cref="Length"/> octets.</param>
    public void WriteTo(Span<byte> destination)
    {
        _data.CopyTo(destination[HeaderLength..]);
        BinaryPrimitives.WriteUInt16BigEndian(destination, Id.Class);
        destination[2] = (byte)(Id.Type | (Critical ? GeneveOptionId.CriticalBit : 0));
        destination[3] = (byte)(_data.Length >> 2);
    }

    private static GeneveOption Word(GeneveOptionId id, uint value, bool critical)
    {
        Span<byte> data = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(data, value);
        return new GeneveOption(id, critical, data);
    }
}
