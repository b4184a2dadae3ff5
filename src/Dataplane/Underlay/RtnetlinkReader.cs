using System.Runtime.InteropServices;
using System.Text;
using Overlay.Encap;

namespace Overlay.Dataplane.Underlay;

/// <summary>
/// Reads the messages of one rtnetlink datagram (rtnetlink(7)); host byte order. Total: any octets give some messages and an end, in time
/// proportional to their number. What does not parse is skipped, or ends the datagram where its length cannot be believed.
/// </summary>
public ref struct RtnetlinkReader
{
    private const int HeaderLength = 16;
    private const int LinkHeaderLength = 16;
    private const int AddressHeaderLength = 8;
    private const int RouteHeaderLength = 12;
    private const int AttributeHeaderLength = 4;
    private const int MaxNameLength = 15;

    private const ushort TypeError = 2;
    private const ushort TypeDone = 3;
    private const ushort TypeNewLink = 16;
    private const ushort TypeDeleteLink = 17;
    private const ushort TypeNewAddress = 20;
    private const ushort TypeDeleteAddress = 21;
    private const ushort TypeNewRoute = 24;
    private const ushort TypeDeleteRoute = 25;

    private const ushort LinkName = 3;
    private const ushort LinkMtu = 4;
    private const ushort LinkMaster = 10;
    private const ushort LinkInformation = 18;
    private const ushort InformationKind = 1;
    private const ushort AddressAddress = 1;
    private const ushort AddressLocal = 2;
    private const ushort AddressFlags = 8;
    private const ushort RouteOutgoing = 4;
    private const ushort RouteMetrics = 8;
    private const ushort MetricMtu = 2;
    private const ushort AttributeTypeMask = 0x3FFF;
    private const byte FamilyUnspecified = 0;
    private const byte FamilyInet = 2;
    private const byte FamilyInet6 = 10;

    private ReadOnlySpan<byte> _rest;

    /// <summary>Begins.</summary>
    /// <param name="datagram">What one receive gave.</param>
    public RtnetlinkReader(ReadOnlySpan<byte> datagram) => _rest = datagram;

    /// <summary>The next message; false at the end.</summary>
    public bool TryRead(out RtnetlinkMessage message)
    {
        message = default;
        if (_rest.Length < HeaderLength)
            return false;
        uint length = MemoryMarshal.Read<uint>(_rest);
        if (length < HeaderLength || length > (uint)_rest.Length)
        {
            _rest = default;
            return false;
        }

        ushort type = MemoryMarshal.Read<ushort>(_rest[4..]);
        uint sequence = MemoryMarshal.Read<uint>(_rest[8..]);
        ReadOnlySpan<byte> body = _rest[HeaderLength..(int)length];
        int next = Align((int)length);
        _rest = next < _rest.Length ? _rest[next..] : default;
        message = type switch
        {
            TypeNewLink => ReadLink(body, RtnetlinkKind.LinkNew),
            TypeDeleteLink => ReadLink(body, RtnetlinkKind.LinkGone),
            TypeNewAddress => ReadAddress(body, RtnetlinkKind.AddressNew),
            TypeDeleteAddress => ReadAddress(body, RtnetlinkKind.AddressGone),
            TypeNewRoute => ReadRoute(body, RtnetlinkKind.RouteNew),
            TypeDeleteRoute => ReadRoute(body, RtnetlinkKind.RouteGone),
            TypeDone => new RtnetlinkMessage { Kind = RtnetlinkKind.Done },
            TypeError => new RtnetlinkMessage { Kind = RtnetlinkKind.Error },
            _ => new RtnetlinkMessage { Kind = RtnetlinkKind.Other },
        };
        message = message with { Sequence = sequence };
        return true;
    }

    private static RtnetlinkMessage ReadLink(ReadOnlySpan<byte> body, RtnetlinkKind kind)
    {
        // AF_BRIDGE messages of the same types are about bridge membership, not about the link.
        if (body.Length < LinkHeaderLength || body[0] != FamilyUnspecified)
            return new RtnetlinkMessage { Kind = RtnetlinkKind.Other };
        var attributes = new Attributes(body[LinkHeaderLength..]);
        string? name = null;
        string? device = null;
        int mtu = 0;
        int master = 0;
        while (attributes.TryRead(out ushort type, out ReadOnlySpan<byte> value))
        {
            switch (type)
            {
                case LinkName:
                    name = ReadName(value);
                    break;
                case LinkMtu when value.Length >= sizeof(int):
                    mtu = (int)Math.Min(MemoryMarshal.Read<uint>(value), int.MaxValue);
                    break;
                case LinkMaster when value.Length >= sizeof(int):
                    master = MemoryMarshal.Read<int>(value);
                    break;
                case LinkInformation:
                    device = ReadKind(value);
                    break;
                default:
                    break;
            }
        }

        return new RtnetlinkMessage
        {
            Kind = kind,
            Index = MemoryMarshal.Read<int>(body[4..]),
            Flags = MemoryMarshal.Read<uint>(body[8..]),
            Mtu = mtu,
            Name = name,
            DeviceKind = device,
            Master = master,
        };
    }

    private static string? ReadKind(ReadOnlySpan<byte> information)
    {
        var attributes = new Attributes(information);
        while (attributes.TryRead(out ushort type, out ReadOnlySpan<byte> value))
        {
            if (type == InformationKind)
                return ReadName(value);
        }

        return null;
    }

    private static RtnetlinkMessage ReadAddress(ReadOnlySpan<byte> body, RtnetlinkKind kind)
    {
        if (body.Length < AddressHeaderLength)
            return new RtnetlinkMessage { Kind = RtnetlinkKind.Other };
        byte family = body[0];
        uint flags = body[2];
        int index = MemoryMarshal.Read<int>(body[4..]);
        int length = family switch { FamilyInet => 4, FamilyInet6 => 16, _ => 0 };
        ReadOnlySpan<byte> address = default;
        bool isLocal = false;
        var attributes = new Attributes(body[AddressHeaderLength..]);
        while (length != 0 && attributes.TryRead(out ushort type, out ReadOnlySpan<byte> value))
        {
            // On a point-to-point link IFA_ADDRESS is the other end; IFA_LOCAL, where there is one, is us.
            if (type == AddressLocal && value.Length >= length)
            {
                address = value[..length];
                isLocal = true;
            }
            else if (type == AddressAddress && value.Length >= length && !isLocal)
            {
                address = value[..length];
            }
            else if (type == AddressFlags && value.Length >= sizeof(uint))
            {
                flags = MemoryMarshal.Read<uint>(value);
            }
        }

        return address.IsEmpty
            ? new RtnetlinkMessage { Kind = RtnetlinkKind.Other }
            : new RtnetlinkMessage
            {
                Kind = kind,
                Index = index,
                Flags = flags,
                Address = family == FamilyInet ? UnderlayAddress.FromIPv4(address) : UnderlayAddress.FromIPv6(address, (uint)index),
            };
    }

    private static RtnetlinkMessage ReadRoute(ReadOnlySpan<byte> body, RtnetlinkKind kind)
    {
        if (body.Length < RouteHeaderLength)
            return new RtnetlinkMessage { Kind = RtnetlinkKind.Other };
        int index = 0;
        int mtu = 0;
        var attributes = new Attributes(body[RouteHeaderLength..]);
        while (attributes.TryRead(out ushort type, out ReadOnlySpan<byte> value))
        {
            if (type == RouteOutgoing && value.Length >= sizeof(int))
            {
                index = MemoryMarshal.Read<int>(value);
            }
            else if (type == RouteMetrics)
            {
                var metrics = new Attributes(value);
                while (metrics.TryRead(out ushort metric, out ReadOnlySpan<byte> number))
                {
                    if (metric == MetricMtu && number.Length >= sizeof(int))
                        mtu = (int)Math.Min(MemoryMarshal.Read<uint>(number), int.MaxValue);
                }
            }
        }

        return new RtnetlinkMessage { Kind = kind, Index = index, Mtu = mtu };
    }

    private static string ReadName(ReadOnlySpan<byte> value)
    {
        int end = value.IndexOf((byte)0);
        ReadOnlySpan<byte> text = end < 0 ? value : value[..end];
        return Encoding.UTF8.GetString(text[..Math.Min(text.Length, MaxNameLength)]);
    }

    private static int Align(int length) => (length + 3) & ~3;

    /// <summary>Walks attributes: u16 length (header included), u16 type, value, padding to four octets.</summary>
    private ref struct Attributes(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> _rest = rest;

        internal bool TryRead(out ushort type, out ReadOnlySpan<byte> value)
        {
            type = 0;
            value = default;
            if (_rest.Length < AttributeHeaderLength)
                return false;
            ushort length = MemoryMarshal.Read<ushort>(_rest);
            if (length < AttributeHeaderLength || length > _rest.Length)
                return false;
            type = (ushort)(MemoryMarshal.Read<ushort>(_rest[2..]) & AttributeTypeMask);
            value = _rest[AttributeHeaderLength..length];
            int next = Align(length);
            _rest = next < _rest.Length ? _rest[next..] : default;
            return true;
        }
    }
}
