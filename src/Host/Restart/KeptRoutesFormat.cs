using System.Collections.Immutable;
using System.Text;
using Overlay.Control;
using Overlay.Control.HandOver;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Host.Restart;

/// <summary>
/// The octets of <see cref="KeptRoutes"/> inside a <see cref="HandOverFormat"/>: a number of planes (4), then of each its name, sessions, descriptions of VTEPs, next hops and routes, each with its
/// number (4) before. Names with their length (1), addresses in 20 octets: scope (4) and address, an IPv4 one mapped.
/// </summary>
/// <remarks>The reader is total, and answers null for anything that does not fit.</remarks>
internal static class KeptRoutesFormat
{
    private const int MaxPlanes = 16;
    private const int MaxSessions = ushort.MaxValue;
    private const int MaxVteps = 1 << 18;
    private const int MaxAddresses = 64;

    // A flood route: what it is, session, VNI, next hop.
    private const int LeastRouteLength = 1 + 2 + 4 + 4;

    public static void Write(BinaryWriter writer, IReadOnlyList<KeptRoutes> planes)
    {
        writer.Write(planes.Count);
        foreach (var plane in planes)
        {
            writer.Write(plane.Plane);
            writer.Write(plane.Sessions.Count);
            foreach (var session in plane.Sessions)
            {
                writer.Write(session);
            }

            writer.Write(plane.Vteps.Count);
            foreach (var (session, vtep) in plane.Vteps)
            {
                writer.Write(session);
                writer.Write(vtep.Vtep.Name);
                WriteAddresses(writer, vtep.Addresses);
                WriteAddresses(writer, vtep.AlsoFrom);
                writer.Write((byte)(vtep.Encap ?? 0));
                writer.Write(vtep.Port);
                writer.Write((byte)vtep.PolicyOption);
            }

            writer.Write(plane.NextHops.Count);
            foreach (var hop in plane.NextHops)
            {
                writer.Write(hop.Vtep.Name);
                WriteAddress(writer, hop.Address);
                writer.Write((byte)(hop.Encap ?? 0));
                writer.Write(hop.Port);
            }

            writer.Write(plane.Routes.Count);
            foreach (var route in plane.Routes)
            {
                writer.Write((byte)((byte)route.Kind | (route.Flag ? 0x80 : 0)));
                writer.Write((ushort)route.Session);
                writer.Write(route.Vni.Value);
                if (route.Kind != KeptRouteKind.Flood)
                {
                    writer.Write(route.Mac.Value);
                }

                if (route.Kind == KeptRouteKind.Neighbor)
                {
                    WriteAddress(writer, route.Address);
                    continue;
                }

                writer.Write(route.NextHop);
                if (route.Kind == KeptRouteKind.Mac)
                {
                    writer.Write(route.Sequence);
                }
            }
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote; null if it is anything else.</summary>
    public static IReadOnlyList<KeptRoutes>? Read(ReadOnlySpan<byte> octets)
    {
        // Copied once, at the start of a process: what is read from a stream that ends throws one exception, and that is the answer.
        using var reader = new BinaryReader(new MemoryStream(octets.ToArray(), writable: false), Encoding.UTF8);
        try
        {
            var planes = new KeptRoutes[Count(reader, MaxPlanes)];
            for (var i = 0; i < planes.Length; i++)
            {
                planes[i] = ReadPlane(reader);
            }

            return reader.BaseStream.Position == octets.Length ? planes : null;
        }
        catch (Exception error) when (error is EndOfStreamException or InvalidDataException or FormatException or IOException or ArgumentException or OverflowException)
        {
            return null;
        }
    }

    private static KeptRoutes ReadPlane(BinaryReader reader)
    {
        var name = reader.ReadString();
        var sessions = new List<string>();
        for (var left = Count(reader, MaxSessions); left > 0; left--)
        {
            sessions.Add(reader.ReadString());
        }

        var vteps = new List<(int, VtepDescription)>();
        for (var left = Count(reader, MaxVteps); left > 0; left--)
        {
            vteps.Add((Index(reader.ReadInt32(), sessions.Count), new VtepDescription
            {
                Vtep = new VtepEndpoint(reader.ReadString()),
                Addresses = ReadAddresses(reader),
                AlsoFrom = ReadAddresses(reader),
                Encap = ReadEncap(reader),
                Port = reader.ReadUInt16(),
                PolicyOption = reader.ReadByte() is var option && Enum.IsDefined((PolicyOptionMode)option) ? (PolicyOptionMode)option : throw new InvalidDataException(),
            }));
        }

        var hops = new List<NextHopRef>();
        for (var left = Count(reader, MaxVteps); left > 0; left--)
        {
            hops.Add(new NextHopRef(new VtepEndpoint(reader.ReadString()), ReadAddress(reader), ReadEncap(reader), reader.ReadUInt16(), 0));
        }

        // What it says is believed as far as there are octets for it.
        var count = Count(reader, KeptRoutes.Limit);
        var routes = new List<KeptRoute>((int)Math.Min(count, (reader.BaseStream.Length - reader.BaseStream.Position) / LeastRouteLength));
        for (var left = count; left > 0; left--)
        {
            routes.Add(ReadRoute(reader, sessions.Count, hops.Count));
        }

        return new KeptRoutes(name, sessions, vteps, hops, routes);
    }

    private static KeptRoute ReadRoute(BinaryReader reader, int sessions, int hops)
    {
        var first = reader.ReadByte();
        var kind = (KeptRouteKind)(first & 0x7f);
        if (!Enum.IsDefined(kind))
        {
            throw new InvalidDataException();
        }

        var session = Index(reader.ReadUInt16(), sessions);
        var vni = Vni.TryCreate(reader.ReadUInt32(), out var number) ? number : throw new InvalidDataException();
        var mac = kind == KeptRouteKind.Flood ? default : new MacAddress(reader.ReadUInt64() & 0xFFFF_FFFF_FFFF);
        var address = kind == KeptRouteKind.Neighbor ? ReadAddress(reader) : default;
        var hop = kind == KeptRouteKind.Neighbor ? 0 : Index(reader.ReadInt32(), hops);
        return new KeptRoute(kind, session, hop, vni, mac, kind == KeptRouteKind.Mac ? reader.ReadUInt32() : 0, (first & 0x80) != 0, address);
    }

    private static int Count(BinaryReader reader, int most) => reader.ReadInt32() is >= 0 and var count && count <= most ? count : throw new InvalidDataException();

    private static int Index(int index, int count) => (uint)index < (uint)count ? index : throw new InvalidDataException();

    private static EncapKind? ReadEncap(BinaryReader reader) => reader.ReadByte() switch
    {
        0 => null,
        var value when Enum.IsDefined((EncapKind)value) => (EncapKind)value,
        _ => throw new InvalidDataException(),
    };

    private static void WriteAddresses(BinaryWriter writer, ImmutableArray<UnderlayAddress> addresses)
    {
        writer.Write(addresses.Length);
        foreach (var address in addresses)
        {
            WriteAddress(writer, address);
        }
    }

    private static ImmutableArray<UnderlayAddress> ReadAddresses(BinaryReader reader)
    {
        var addresses = ImmutableArray.CreateBuilder<UnderlayAddress>();
        for (var left = Count(reader, MaxAddresses); left > 0; left--)
        {
            addresses.Add(ReadAddress(reader));
        }

        return addresses.ToImmutable();
    }

    private static void WriteAddress(BinaryWriter writer, in UnderlayAddress address)
    {
        writer.Write(address.ScopeId);
        writer.Write(address.Hi);
        writer.Write(address.Lo);
    }

    private static UnderlayAddress ReadAddress(BinaryReader reader)
    {
        var scope = reader.ReadUInt32();
        var (hi, lo) = (reader.ReadUInt64(), reader.ReadUInt64());
        Span<byte> octets = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(octets, hi);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(octets[8..], lo);
        return UnderlayAddress.FromIPv6(octets, scope);
    }
}
