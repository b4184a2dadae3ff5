using System.Buffers.Binary;
using System.Text;
using Overlay.Control.HandOver;
using Overlay.Dataplane.HandOver;
using Overlay.Encap;

namespace Overlay.Host.Restart;

/// <summary>
/// The octets of a <see cref="HandOverState"/>. Little-endian, in this order: magic (8), version (4), length of all (4), checksum of what follows (8), boot (16), uptime in milliseconds (8),
/// numbers of queues, places and MACs (4 each), length of the routes (4); queues (name with its length, index, frames); places (kind, then name with its length, or encapsulation, scope and address, an IPv4 one mapped);
/// routes (<see cref="KeptRoutesFormat"/>); MACs (16 octets each: MAC 6, VNI 3, place 3, age 4).
/// </summary>
/// <remarks>The reader is total: another version, a wrong length or checksum, a number too many or an index out of range refuse the whole, with a sentence.</remarks>
internal static class HandOverFormat
{
    /// <summary>The version that is written, and the only one that is read.</summary>
    public const uint Version = 2;

    /// <summary>Octets of the longest one that is written or read.</summary>
    public const int MaxLength = 64 << 20;

    private const ulong Magic = 0x0A_45_54_41_54_53_56_4F; // "OVSTATE\n"
    private const int HeaderLength = 64;
    private const int CheckedFrom = 24;
    private const int MacLength = 16;
    private const int MaxMacs = 1 << 20;
    private const int MaxPlaces = 1 << 18;
    private const int MaxQueues = 1 << 16;
    private const byte PortPlace = 0;
    private const byte VtepPlace = 1;

    /// <summary>Writes a state. MACs beyond the limits are left out, those seen longest ago first.</summary>
    public static byte[] Write(HandOverState state)
    {
        using var stream = new MemoryStream(HeaderLength + (state.Seen.Macs.Count * MacLength));
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        var queues = Math.Min(state.Queues.Count, MaxQueues);
        var places = Math.Min(state.Seen.Places.Count, MaxPlaces);
        var macs = state.Seen.Macs.Take(MaxMacs).Where(mac => mac.Place < places).ToArray();
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write(0);
        writer.Write(0L);
        writer.Write(state.Boot.ToByteArray());
        writer.Write((long)state.Uptime.TotalMilliseconds);
        writer.Write(queues);
        writer.Write(places);
        writer.Write(macs.Length);
        writer.Write(0);
        var routesLengthAt = stream.Position - sizeof(int);
        foreach (var queue in state.Queues.Take(queues))
        {
            WriteName(writer, queue.Device);
            writer.Write(queue.Index);
            writer.Write(queue.Frames);
        }

        foreach (var place in state.Seen.Places.Take(places))
        {
            WritePlace(writer, place);
        }

        writer.Flush();
        var routesAt = stream.Position;
        KeptRoutesFormat.Write(writer, state.Routes);
        writer.Flush();
        var routesLength = (int)(stream.Position - routesAt);
        Span<byte> row = stackalloc byte[MacLength];
        foreach (var mac in macs)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(row, mac.Mac.Value);
            BinaryPrimitives.WriteUInt32LittleEndian(row[6..], mac.Vni.Value);
            BinaryPrimitives.WriteUInt32LittleEndian(row[9..], (uint)mac.Place);
            BinaryPrimitives.WriteUInt32LittleEndian(row[12..], mac.Age);
            writer.Write(row);
        }

        writer.Flush();
        var octets = stream.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(octets.AsSpan((int)routesLengthAt), routesLength);
        Seal(octets);
        return octets;
    }

    /// <summary>Writes length and checksum.</summary>
    internal static void Seal(Span<byte> octets)
    {
        BinaryPrimitives.WriteInt32LittleEndian(octets[12..], octets.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(octets[16..], Checksum(octets[CheckedFrom..]));
    }

    /// <summary>Reads a state; null if it is refused.</summary>
    /// <param name="octets">What there is.</param>
    /// <param name="fault">Why it is refused; null if it is not.</param>
    /// <param name="mostMacs">MACs that are looked at, from the first on; the others are left out.</param>
    /// <param name="withRoutes">Whether the routes of planes are looked at.</param>
    public static HandOverState? Read(ReadOnlySpan<byte> octets, out string? fault, int mostMacs = MaxMacs, bool withRoutes = true)
    {
        fault = Fault(octets);
        if (fault is not null)
        {
            return null;
        }

        var reader = new Reader(octets[CheckedFrom..]);
        var boot = new Guid(reader.Take(16));
        var uptime = reader.Long();
        var (queues, places, macs, routes) = (reader.Int(), reader.Int(), reader.Int(), reader.Int());
        if ((uint)routes > MaxLength || (uint)queues > MaxQueues || (uint)places > MaxPlaces || (uint)macs > MaxMacs || uptime is < 0 or > long.MaxValue / TimeSpan.TicksPerMillisecond)
        {
            fault = "it has numbers out of range";
            return null;
        }

        var state = new HandOverState(boot, TimeSpan.FromMilliseconds(uptime), ReadQueues(ref reader, queues), ReadSeen(ref reader, places, macs, mostMacs, routes, withRoutes, out var kept), kept);
        if (reader.IsShort || !reader.IsAtEnd)
        {
            fault = "its parts do not fit its length";
            return null;
        }

        return state;
    }

    private static string? Fault(ReadOnlySpan<byte> octets)
    {
        if (octets.Length < HeaderLength || BinaryPrimitives.ReadUInt64LittleEndian(octets) != Magic)
        {
            return "it is no state of overlayd";
        }

        var version = BinaryPrimitives.ReadUInt32LittleEndian(octets[8..]);
        if (version != Version)
        {
            return $"it has version {version}, and this overlayd reads {Version}";
        }

        if (octets.Length > MaxLength || BinaryPrimitives.ReadInt32LittleEndian(octets[12..]) != octets.Length)
        {
            return "it is not as long as it says";
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(octets[16..]) == Checksum(octets[CheckedFrom..]) ? null : "its checksum is wrong";
    }

    private static QueueLength[] ReadQueues(ref Reader reader, int count)
    {
        var queues = new List<QueueLength>();
        for (var i = 0; i < count && !reader.IsShort; i++)
        {
            queues.Add(new QueueLength(reader.Name(), reader.Int(), reader.Int()));
        }

        return [.. queues.Where(static queue => queue.Frames is > 0 and < QueueLength.HandOver)];
    }

    private static SeenMacs ReadSeen(ref Reader reader, int placeCount, int macCount, int mostMacs, int routesLength, bool withRoutes, out IReadOnlyList<KeptRoutes> routes)
    {
        routes = [];
        var places = new List<SeenPlace>();
        for (var i = 0; i < placeCount && !reader.IsShort; i++)
        {
            places.Add(ReadPlace(ref reader));
        }

        if (reader.IsShort || reader.Left != ((long)macCount * MacLength) + routesLength)
        {
            reader.Fail();
            return SeenMacs.None;
        }

        var octets = reader.Take(routesLength);
        if (withRoutes && KeptRoutesFormat.Read(octets) is { } read)
        {
            routes = read;
        }
        else if (withRoutes)
        {
            reader.Fail();
            return SeenMacs.None;
        }

        var macs = new SeenMac[Math.Min(macCount, mostMacs)];
        for (var i = 0; i < macs.Length; i++)
        {
            var row = reader.Take(MacLength);
            var vni = BinaryPrimitives.ReadUInt32LittleEndian(row[6..]) & 0xFF_FFFF;
            var place = (int)(BinaryPrimitives.ReadUInt32LittleEndian(row[9..]) & 0xFF_FFFF);
            if (place >= placeCount || !Vni.TryCreate(vni, out var number))
            {
                reader.Fail();
                return SeenMacs.None;
            }

            macs[i] = new SeenMac(number, new MacAddress(BinaryPrimitives.ReadUInt64LittleEndian(row) & 0xFFFF_FFFF_FFFF), place, BinaryPrimitives.ReadUInt32LittleEndian(row[12..]));
        }

        _ = reader.Take(reader.Left);
        return new SeenMacs(places, macs);
    }

    private static void WritePlace(BinaryWriter writer, in SeenPlace place)
    {
        if (place.Port is { } port)
        {
            writer.Write(PortPlace);
            WriteName(writer, port);
            return;
        }

        // An IPv4 address is its mapped one.
        Span<byte> address = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(address, place.Address.Hi);
        BinaryPrimitives.WriteUInt64BigEndian(address[8..], place.Address.Lo);
        writer.Write(VtepPlace);
        writer.Write((byte)place.Encap);
        writer.Write(place.Address.ScopeId);
        writer.Write(address);
    }

    private static SeenPlace ReadPlace(ref Reader reader)
    {
        var kind = reader.Octet();
        if (kind == PortPlace)
        {
            return new SeenPlace(reader.Name(), default, default);
        }

        var encap = (EncapKind)reader.Octet();
        var scope = (uint)reader.Int();
        var address = reader.Take(16);
        if (reader.IsShort || kind != VtepPlace || !Enum.IsDefined(encap))
        {
            reader.Fail();
            return default;
        }

        return new SeenPlace(null, UnderlayAddress.FromIPv6(address, scope), encap);
    }

    private static void WriteName(BinaryWriter writer, string name)
    {
        var octets = Encoding.UTF8.GetBytes(name);
        var length = Math.Min(octets.Length, byte.MaxValue);
        writer.Write((byte)length);
        writer.Write(octets.AsSpan(0, length));
    }

    // A multiplication by an odd number and an exclusive or lose nothing, so that every change of one word changes the result.
    private static ulong Checksum(ReadOnlySpan<byte> octets)
    {
        var sum = 0x9E37_79B9_7F4A_7C15 ^ (ulong)octets.Length;
        while (octets.Length >= sizeof(ulong))
        {
            sum = ulong.RotateLeft((sum ^ BinaryPrimitives.ReadUInt64LittleEndian(octets)) * 0xFF51_AFD7_ED55_8CCD, 29);
            octets = octets[sizeof(ulong)..];
        }

        foreach (var octet in octets)
        {
            sum = ulong.RotateLeft((sum ^ octet) * 0xC4CE_B9FE_1A85_EC53, 17);
        }

        return sum ^ (sum >> 32);
    }

    // What is not there reads as zero, and is remembered.
    private ref struct Reader(ReadOnlySpan<byte> octets)
    {
        private static readonly byte[] Nothing = new byte[byte.MaxValue];
        private ReadOnlySpan<byte> _left = octets;

        public bool IsShort { get; private set; }

        public readonly bool IsAtEnd => _left.IsEmpty;

        public readonly int Left => _left.Length;

        public void Fail() => IsShort = true;

        public ReadOnlySpan<byte> Take(int length)
        {
            if (length > _left.Length)
            {
                IsShort = true;
                _left = [];
                return Nothing.AsSpan(0, length);
            }

            var taken = _left[..length];
            _left = _left[length..];
            return taken;
        }

        public byte Octet() => Take(1)[0];

        public int Int() => BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));

        public long Long() => BinaryPrimitives.ReadInt64LittleEndian(Take(sizeof(long)));

        public string Name() => Encoding.UTF8.GetString(Take(Octet()));
    }
}
