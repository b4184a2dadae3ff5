using System.Runtime.InteropServices;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Ip;

namespace Overlay.Encap;

/// <summary>
/// A keyed hash over the inner headers of an Ethernet frame, for source-port entropy (RFC 7348 5, RFC 8926 3.3): the five-tuple of
/// unfragmented TCP, UDP and SCTP; IP addresses alone for fragments, so that all fragments of a datagram share a port; addresses and
/// protocol for other IP; MACs and EtherType for everything else, IP with damaged headers included. Behind at most two tags. Not symmetric.
/// The value depends on seed and frame only: every worker, and the next process with the same seed, computes the same.
/// </summary>
public static class FlowHash
{
    private const ulong K0 = 0x9E37_79B9_7F4A_7C15;
    private const ulong K1 = 0xBF58_476D_1CE4_E5B9;
    private const ulong K2 = 0x94D0_49BB_1331_11EB;
    private const int MaxTagCount = 2;

    /// <summary>Hashes a frame.</summary>
    /// <param name="frame">From the destination MAC on. Any bytes of any length.</param>
    /// <param name="seed">The daemon's seed.</param>
    /// <returns>32 well-mixed bits.</returns>
    public static uint Compute(ReadOnlySpan<byte> frame, in FlowHashSeed seed)
    {
        if (frame.Length < EthernetView.HeaderLength)
        {
            return HashBytes(frame, in seed);
        }

        int offset = EthernetView.HeaderLength;
        ushort type = BinaryPrimitives.ReadUInt16BigEndian(frame[12..]);
        for (int tags = 0; EtherType.IsVlanTag(type) && tags < MaxTagCount && frame.Length >= offset + VlanTag.Length; tags++)
        {
            offset += VlanTag.Length;
            type = BinaryPrimitives.ReadUInt16BigEndian(frame[(offset - 2)..]);
        }

        ReadOnlySpan<byte> packet = frame[offset..];
        if (type == EtherType.IPv4 && packet.Length >= IPv4View.MinHeaderLength)
        {
            // Nearly every frame: no options, lengths that fit. Others take the long way below to the same value.
            ulong start = BinaryPrimitives.ReadUInt64BigEndian(packet);
            int totalLength = (int)(start >> 32) & 0xFFFF;
            if (start >> 56 == 0x45 && totalLength >= IPv4View.MinHeaderLength + 4 && totalLength <= packet.Length && (start & 0x3FFF) == 0)
            {
                ulong tuple = (ulong)packet[9] << 32;
                tuple |= HasPorts(packet[9]) ? MemoryMarshal.Read<uint>(packet[IPv4View.MinHeaderLength..]) : 0;
                return Mix(MemoryMarshal.Read<ulong>(packet[12..]) ^ seed.First, seed.Second ^ tuple, seed.Second);
            }
        }

        return ComputeSlowly(frame, packet, type, in seed);
    }

    private static uint ComputeSlowly(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> packet, ushort type, in FlowHashSeed seed)
    {
        if (type == EtherType.IPv4 && IPv4View.Parse(packet, out IPv4View v4) == ParseStatus.Ok)
        {
            ulong addresses = MemoryMarshal.Read<ulong>(v4.Addresses);
            return v4.IsFragment
                ? Mix(addresses ^ seed.First, seed.Second, seed.Second)
                : Mix(addresses ^ seed.First, seed.Second ^ Upper(v4.Protocol, v4.Payload), seed.Second);
        }

        if (type == EtherType.IPv6 && IPv6View.Parse(packet, out IPv6View v6) == ParseStatus.Ok)
        {
            ReadOnlySpan<byte> addresses = v6.Addresses;
            ulong pair = Fold(
                MemoryMarshal.Read<ulong>(addresses) ^ seed.First ^ K0,
                MemoryMarshal.Read<ulong>(addresses[8..]) ^ seed.Second);
            ulong other = Fold(
                MemoryMarshal.Read<ulong>(addresses[16..]) ^ seed.First,
                MemoryMarshal.Read<ulong>(addresses[24..]) ^ seed.Second ^ K1);
            ulong upper = v6.IsFragment || !v6.HasUpperLayer ? 0 : Upper(v6.Protocol, v6.Upper);
            return Mix(pair ^ seed.First, other ^ upper, seed.Second);
        }

        return HashMacs(frame, type, in seed);
    }

    private static ulong Upper(byte protocol, ReadOnlySpan<byte> payload) =>
        ((ulong)protocol << 32) | (HasPorts(protocol) && payload.Length >= 4 ? MemoryMarshal.Read<uint>(payload) : 0);

    private static bool HasPorts(byte protocol) => protocol is IpProtocol.Tcp or IpProtocol.Udp or IpProtocol.Sctp;

    private static uint HashMacs(ReadOnlySpan<byte> frame, ushort type, in FlowHashSeed seed)
    {
        ulong first = MemoryMarshal.Read<ulong>(frame);
        ulong second = MemoryMarshal.Read<uint>(frame[8..]) | ((ulong)type << 32);
        return Mix(first ^ seed.First, second ^ seed.Second, seed.Second);
    }

    private static uint HashBytes(ReadOnlySpan<byte> bytes, in FlowHashSeed seed)
    {
        ulong state = seed.First ^ (ulong)bytes.Length;
        foreach (byte b in bytes)
        {
            state = Fold(state ^ b, K0);
        }

        return Mix(state, seed.Second, seed.Second);
    }

    /// <summary>Two folded multiplications: one alone leaves visible patterns when a factor happens to be small.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Mix(ulong a, ulong b, ulong key)
    {
        ulong h = Fold(a ^ K0, b ^ K1);
        h = Fold(h ^ key, K2);
        return (uint)(h ^ (h >> 32));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Fold(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low;
    }
}
