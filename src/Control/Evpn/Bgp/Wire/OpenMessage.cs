using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>
/// OPEN (RFC 4271 §4.2, RFC 5492, RFC 9072):
/// <code>
/// | version | my AS, 2 | hold time, 2 | BGP identifier, 4 | length of parameters, 1 | parameters: type, length, value ... |
/// </code>
/// </summary>
public sealed record OpenMessage
{
    /// <summary>What My Autonomous System holds of an AS that does not fit it (RFC 6793 §9).</summary>
    public const ushort AsTrans = 23456;

    private const int FixedLength = 10;
    private const byte CapabilitiesParameter = 2;
    private const byte ExtendedParameter = 255;
    private const byte Unspecific = 0;
    private const byte UnsupportedVersion = 1;
    private const byte BadPeerAs = 2;
    private const byte BadIdentifier = 3;
    private const byte UnsupportedParameter = 4;
    private const byte UnacceptableHoldTime = 6;

    /// <summary>The version.</summary>
    public byte Version { get; init; } = 4;

    /// <summary>My Autonomous System: the AS, or <see cref="AsTrans"/>.</summary>
    public required ushort As2 { get; init; }

    /// <summary>Hold time: zero, or 3–65535 s, whole seconds.</summary>
    public required TimeSpan HoldTime { get; init; }

    /// <summary>BGP identifier, not 0.</summary>
    public required uint RouterId { get; init; }

    /// <summary>Capabilities in the order they came, unknown ones and repetitions too.</summary>
    public ImmutableArray<BgpCapability> Capabilities { get; init; } = [];

    /// <summary>The AS: that of the four-octet capability, or <see cref="As2"/> (RFC 6793 §4.1).</summary>
    public uint As => Find(BgpCapability.FourOctetAs) is { Value.Length: 4 } found ? BinaryPrimitives.ReadUInt32BigEndian(found.Value.Span) : As2;

    /// <summary>It has announced AFI 25, SAFI 70.</summary>
    public bool HasEvpn
    {
        get
        {
            foreach (BgpCapability capability in Capabilities)
            {
                if (capability is { Code: BgpCapability.Multiprotocol, Value: { Length: 4 } value }
                    && BinaryPrimitives.ReadUInt16BigEndian(value.Span) == EvpnFamily.Afi && value.Span[3] == EvpnFamily.Safi)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Four octets an AS.</summary>
    public bool HasFourOctetAs => Has(BgpCapability.FourOctetAs);

    /// <summary>It understands ROUTE-REFRESH.</summary>
    public bool HasRouteRefresh => Has(BgpCapability.RouteRefresh);

    /// <summary>It frames a refresh (RFC 7313).</summary>
    public bool HasEnhancedRefresh => Has(BgpCapability.EnhancedRefresh);

    /// <summary>It takes messages up to 65535 octets (RFC 8654).</summary>
    public bool HasExtendedMessage => Has(BgpCapability.ExtendedMessage);

    /// <summary>Graceful restart, or null: not sent, or not well formed. Of several the last counts (RFC 4724 §3).</summary>
    public GracefulRestartCapability? GracefulRestart
    {
        get
        {
            for (int i = Capabilities.Length - 1; i >= 0; i--)
            {
                if (Capabilities[i].Code == BgpCapability.GracefulRestart)
                {
                    return GracefulRestartCapability.TryParse(Capabilities[i].Value.Span);
                }
            }

            return null;
        }
    }

    /// <summary>The host name it gives, fit for a terminal, or null.</summary>
    public string? HostName => Find(BgpCapability.Fqdn)?.ToHostName();

    /// <summary>Makes an OPEN of ours.</summary>
    /// <param name="number">Our AS.</param>
    /// <param name="holdTime">Zero, or 3–65535 s.</param>
    /// <param name="routerId">Our BGP identifier.</param>
    /// <param name="capabilities">Capabilities; the four-octet AS is added if it is not there.</param>
    public static OpenMessage Create(uint number, TimeSpan holdTime, uint routerId, ImmutableArray<BgpCapability> capabilities)
    {
        bool has = false;
        foreach (BgpCapability capability in capabilities)
        {
            has |= capability.Code == BgpCapability.FourOctetAs;
        }

        return new OpenMessage
        {
            As2 = number > ushort.MaxValue ? AsTrans : (ushort)number,
            HoldTime = holdTime,
            RouterId = routerId,
            Capabilities = has ? capabilities : capabilities.Add(BgpCapability.OfAs(number)),
        };
    }

    /// <summary>Reads a message and makes the checks that need no configuration (RFC 4271 §6.2).</summary>
    /// <param name="body">The message without its header.</param>
    /// <param name="open">The message, if there is no error.</param>
    /// <returns>Null, or what to end the connection with.</returns>
    public static BgpError? TryParse(ReadOnlySpan<byte> body, out OpenMessage? open)
    {
        open = null;
        if (body.Length < FixedLength)
        {
            int length = BgpHeader.Length + body.Length;
            return new BgpError(BgpErrorCode.MessageHeader, 2, new[] { (byte)(length >> 8), (byte)length });
        }

        // RFC 4271 §6.2: the data is the largest version we speak.
        if (body[0] != 4)
        {
            return new BgpError(BgpErrorCode.Open, UnsupportedVersion, new byte[] { 0, 4 });
        }

        ushort number = BinaryPrimitives.ReadUInt16BigEndian(body[1..]);
        ushort hold = BinaryPrimitives.ReadUInt16BigEndian(body[3..]);
        uint routerId = BinaryPrimitives.ReadUInt32BigEndian(body[5..]);
        ImmutableArray<BgpCapability>.Builder capabilities = ImmutableArray.CreateBuilder<BgpCapability>();
        byte? wrong = ReadParameters(body[9], body[FixedLength..], capabilities);
        if (wrong is byte subcode)
        {
            return new BgpError(BgpErrorCode.Open, subcode);
        }

        var message = new OpenMessage
        {
            As2 = number,
            HoldTime = TimeSpan.FromSeconds(hold),
            RouterId = routerId,
            Capabilities = capabilities.DrainToImmutable(),
        };

        // RFC 7607 §2: AS 0 is nobody's. Two different ASes are not one peer.
        if (number == 0 || message.As == 0 || (number != AsTrans && message.As != number))
        {
            return new BgpError(BgpErrorCode.Open, BadPeerAs);
        }

        // RFC 4271 §6.2: one and two seconds.
        if (hold is 1 or 2)
        {
            return new BgpError(BgpErrorCode.Open, UnacceptableHoldTime);
        }

        // RFC 6286 §2.2: zero alone; whether it is ours is for the session to say.
        if (routerId == 0)
        {
            return new BgpError(BgpErrorCode.Open, BadIdentifier);
        }

        open = message;
        return null;
    }

    /// <summary>Writes a whole message.</summary>
    /// <exception cref="InvalidOperationException">The capabilities do not fit a message: a programming error.</exception>
    public void WriteTo(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        int value = 0;
        foreach (BgpCapability capability in Capabilities)
        {
            value += 2 + capability.Value.Length;
        }

        // RFC 9072 §2: two-octet lengths only where one octet does not do.
        bool extended = value + 2 > 254;
        int parameters = Capabilities.IsEmpty ? 0 : value + (extended ? 3 : 2);
        int length = BgpHeader.Length + FixedLength + parameters + (extended ? 3 : 0);
        if (length > BgpHeader.MaxMessageLength)
        {
            throw new InvalidOperationException("the capabilities do not fit an OPEN message");
        }

        Span<byte> span = output.GetSpan(length);
        BgpHeader.WriteTo(span, BgpMessageType.Open, length);
        Span<byte> rest = span[BgpHeader.Length..];
        rest[0] = Version;
        BinaryPrimitives.WriteUInt16BigEndian(rest[1..], As2);
        BinaryPrimitives.WriteUInt16BigEndian(rest[3..], (ushort)HoldTime.TotalSeconds);
        BinaryPrimitives.WriteUInt32BigEndian(rest[5..], RouterId);
        rest[9] = extended ? ExtendedParameter : (byte)parameters;
        rest = rest[FixedLength..];
        if (extended)
        {
            rest[0] = ExtendedParameter;
            BinaryPrimitives.WriteUInt16BigEndian(rest[1..], (ushort)parameters);
            rest[3] = CapabilitiesParameter;
            BinaryPrimitives.WriteUInt16BigEndian(rest[4..], (ushort)value);
            rest = rest[6..];
        }
        else if (parameters > 0)
        {
            rest[0] = CapabilitiesParameter;
            rest[1] = (byte)value;
            rest = rest[2..];
        }

        foreach (BgpCapability capability in Capabilities)
        {
            rest[0] = capability.Code;
            rest[1] = checked((byte)capability.Value.Length);
            capability.Value.Span.CopyTo(rest[2..]);
            rest = rest[(2 + capability.Value.Length)..];
        }

        output.Advance(length);
    }

    /// <summary>The subcode of what is wrong, or null.</summary>
    private static byte? ReadParameters(byte length, ReadOnlySpan<byte> rest, ImmutableArray<BgpCapability>.Builder capabilities)
    {
        // RFC 9072 §2: the first type decides, whatever the length is, unless it is 0.
        bool extended = length > 0 && rest.Length > 0 && rest[0] == ExtendedParameter;
        int total = length;
        if (extended)
        {
            if (rest.Length < 3)
            {
                return Unspecific;
            }

            total = BinaryPrimitives.ReadUInt16BigEndian(rest[1..]);
            rest = rest[3..];
        }

        if (total != rest.Length)
        {
            return Unspecific;
        }

        int header = extended ? 3 : 2;
        while (rest.Length > 0)
        {
            int size = rest.Length < header ? int.MaxValue : extended ? BinaryPrimitives.ReadUInt16BigEndian(rest[1..]) : rest[1];
            if (size > rest.Length - header)
            {
                return Unspecific;
            }

            if (rest[0] != CapabilitiesParameter)
            {
                return UnsupportedParameter;
            }

            if (!ReadCapabilities(rest.Slice(header, size), capabilities))
            {
                return Unspecific;
            }

            rest = rest[(header + size)..];
        }

        return null;
    }

    private static bool ReadCapabilities(ReadOnlySpan<byte> rest, ImmutableArray<BgpCapability>.Builder capabilities)
    {
        while (rest.Length > 0)
        {
            if (rest.Length < 2 || rest[1] > rest.Length - 2)
            {
                return false;
            }

            byte code = rest[0];
            ReadOnlySpan<byte> value = rest.Slice(2, rest[1]);

            // What decides how UPDATEs are read must be well formed; anything else that is not is as if it were not there.
            if (code is BgpCapability.Multiprotocol or BgpCapability.FourOctetAs && value.Length != 4)
            {
                return false;
            }

            capabilities.Add(new BgpCapability(code, value.ToArray()));
            rest = rest[(2 + value.Length)..];
        }

        return true;
    }

    private bool Has(byte code) => Find(code) is not null;

    private BgpCapability? Find(byte code)
    {
        foreach (BgpCapability capability in Capabilities)
        {
            if (capability.Code == code)
            {
                return capability;
            }
        }

        return null;
    }
}
