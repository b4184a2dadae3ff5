using System.Buffers;
using System.Buffers.Binary;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>
/// Packs EVPN routes of equal attributes into whole UPDATE messages. MP_REACH_NLRI or MP_UNREACH_NLRI is the first attribute, and a message has one of them
/// (RFC 7606 §5.1). Allocates nothing per route. One thread at a time; may be used again and again.
/// </summary>
/// <param name="output">Where whole messages go.</param>
/// <param name="maxLength">Longest message, 4096 or 65535 (RFC 8654).</param>
/// <param name="fourOctetAs">Four octets an AS were agreed on; otherwise AS_PATH is rewritten (RFC 6793 §4.2.2).</param>
public sealed class UpdateWriter(IBufferWriter<byte> output, int maxLength, bool fourOctetAs = true)
{
    // The header, two lengths, and the four octets in front of a multiprotocol attribute's value.
    private const int AttributesLengthOffset = BgpHeader.Length + 2;
    private const int AttributeOffset = AttributesLengthOffset + 2;
    private const int ValueOffset = AttributeOffset + 4;
    private const int MostReachHeader = 4 + 16 + 1;

    private readonly byte[] _message = new byte[Math.Clamp(maxLength, BgpHeader.MaxMessageLength, BgpHeader.MaxExtendedMessageLength)];
    private ReadOnlyMemory<byte> _attributes;
    private PathAttributes? _attributesOf;
    private int _routesOffset;
    private int _end;
    private bool _isOpen;

    /// <summary>Messages written so far.</summary>
    public long Messages { get; private set; }

    /// <summary>Routes written so far, withdrawn ones too; those of a message that is not ended yet included.</summary>
    public long Routes { get; private set; }

    /// <summary>Begins to announce routes; ends what was begun before.</summary>
    /// <exception cref="ArgumentException">The attributes leave no room for a route: a programming error.</exception>
    public void Begin(PathAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        End();
        if (!ReferenceEquals(attributes, _attributesOf))
        {
            _attributes = fourOctetAs ? attributes.Raw : AsPathWriter.ToTwoOctets(attributes);
            _attributesOf = attributes;
        }

        if (ValueOffset + MostReachHeader + EvpnNlriWriter.MaxLength + _attributes.Length > _message.Length)
        {
            throw new ArgumentException("the attributes leave no room for a route", nameof(attributes));
        }

        Start(AttributeCode.MpReach);
        Span<byte> value = _message.AsSpan(ValueOffset);
        _ = attributes.NextHop.TryWriteBytes(value[4..], out int hop);
        value[3] = (byte)hop;
        value[4 + hop] = 0;
        _routesOffset = ValueOffset + 4 + hop + 1;
        _end = _routesOffset;
    }

    /// <summary>Begins to withdraw routes; ends what was begun before.</summary>
    public void BeginWithdraw()
    {
        End();
        _attributes = default;
        _attributesOf = null;
        Start(AttributeCode.MpUnreach);
        _routesOffset = ValueOffset + 3;
        _end = _routesOffset;
    }

    /// <summary>Adds a route; writes a message when it is full.</summary>
    /// <exception cref="InvalidOperationException">Nothing was begun: a programming error.</exception>
    public void Add(in EvpnNlri nlri)
    {
        if (!_isOpen)
        {
            throw new InvalidOperationException("Begin or BeginWithdraw comes before Add");
        }

        if (_end + EvpnNlriWriter.LengthOf(in nlri) + _attributes.Length > _message.Length)
        {
            Flush();
        }

        _end += EvpnNlriWriter.Write(in nlri, _message.AsSpan(_end));
        Routes++;
    }

    /// <summary>Writes what is not written yet. Nothing if no route was added.</summary>
    public void End()
    {
        if (_isOpen)
        {
            Flush();
            _isOpen = false;
        }
    }

    /// <summary>Writes End-of-RIB of the EVPN family (RFC 4724 §2).</summary>
    public static void WriteEndOfRib(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        ReadOnlySpan<byte> body = [0, 0, 0, 6, AttributeCode.Optional, AttributeCode.MpUnreach, 3, 0, (byte)EvpnFamily.Afi, EvpnFamily.Safi];
        Span<byte> span = output.GetSpan(BgpHeader.Length + body.Length);
        BgpHeader.WriteTo(span, BgpMessageType.Update, BgpHeader.Length + body.Length);
        body.CopyTo(span[BgpHeader.Length..]);
        output.Advance(BgpHeader.Length + body.Length);
    }

    private void Start(byte code)
    {
        Span<byte> span = _message;
        BinaryPrimitives.WriteUInt16BigEndian(span[BgpHeader.Length..], 0);
        span[AttributeOffset] = AttributeCode.Optional | AttributeCode.ExtendedLength;
        span[AttributeOffset + 1] = code;
        BinaryPrimitives.WriteUInt16BigEndian(span[ValueOffset..], EvpnFamily.Afi);
        span[ValueOffset + 2] = EvpnFamily.Safi;
        _isOpen = true;
    }

    private void Flush()
    {
        if (_end == _routesOffset)
        {
            return;
        }

        Span<byte> span = _message;
        int length = _end + _attributes.Length;
        _attributes.Span.CopyTo(span[_end..]);
        BinaryPrimitives.WriteUInt16BigEndian(span[(AttributeOffset + 2)..], (ushort)(_end - ValueOffset));
        BinaryPrimitives.WriteUInt16BigEndian(span[AttributesLengthOffset..], (ushort)(length - AttributeOffset));
        BgpHeader.WriteTo(span, BgpMessageType.Update, length);
        output.Write(span[..length]);
        Messages++;
        _end = _routesOffset;
    }
}
