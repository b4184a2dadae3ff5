using System.Buffers.Binary;
using System.Collections.Immutable;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>Makes <see cref="PathAttributes"/> for routes of our own, their octets in the order of the type codes and with four octets an AS. Immutable.</summary>
public sealed record PathAttributesBuilder
{
    private const int MaxSegment = 255;

    /// <summary>Next hop: the VTEP.</summary>
    public required UnderlayAddress NextHop { get; init; }

    /// <summary>ORIGIN.</summary>
    public BgpOrigin Origin { get; init; }

    /// <summary>AS_PATH; empty within the AS.</summary>
    public ImmutableArray<AsSegment> AsPath { get; init; } = [];

    /// <summary>MULTI_EXIT_DISC, or null.</summary>
    public uint? Med { get; init; }

    /// <summary>LOCAL_PREF: needed towards iBGP, null towards eBGP.</summary>
    public uint? LocalPreference { get; init; }

    /// <summary>COMMUNITIES.</summary>
    public ImmutableArray<uint> Communities { get; init; } = [];

    /// <summary>EXTENDED COMMUNITIES.</summary>
    public ImmutableArray<ExtendedCommunity> ExtendedCommunities { get; init; } = [];

    /// <summary>The PMSI tunnel of a type 3, or null.</summary>
    public PmsiTunnel? Pmsi { get; init; }

    /// <summary>Starts from attributes that are there. ORIGINATOR_ID, CLUSTER_LIST and attributes without a field here are left out.</summary>
    public static PathAttributesBuilder From(PathAttributes attributes)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        return new PathAttributesBuilder
        {
            NextHop = attributes.NextHop,
            Origin = attributes.Origin,
            AsPath = attributes.AsPath,
            Med = attributes.Med,
            LocalPreference = attributes.LocalPreference,
            Communities = attributes.Communities,
            ExtendedCommunities = attributes.ExtendedCommunities,
            Pmsi = attributes.Pmsi,
        };
    }

    /// <summary>Puts an AS before the path (RFC 4271 §5.1.2).</summary>
    public PathAttributesBuilder WithPrepended(uint number)
    {
        bool extends = AsPath.Length > 0 && AsPath[0].Kind == 2 && AsPath[0].Numbers.Length < MaxSegment;
        return this with
        {
            AsPath = extends
                ? AsPath.SetItem(0, new AsSegment(2, AsPath[0].Numbers.Insert(0, number)))
                : AsPath.Insert(0, new AsSegment(2, [number])),
        };
    }

    /// <summary>Makes the attributes.</summary>
    public PathAttributes Build()
    {
        List<byte> raw = [];
        Add(raw, AttributeCode.Origin, [(byte)Origin]);
        Add(raw, AttributeCode.AsPath, AsPathWriter.ToArray(AsPath, fourOctets: true));
        if (Med is uint med)
        {
            Add(raw, AttributeCode.Med, Octets([med]));
        }

        if (LocalPreference is uint preference)
        {
            Add(raw, AttributeCode.LocalPreference, Octets([preference]));
        }

        if (Communities.Length > 0)
        {
            Add(raw, AttributeCode.Communities, Octets(Communities.AsSpan()));
        }

        if (ExtendedCommunities.Length > 0)
        {
            byte[] value = new byte[8 * ExtendedCommunities.Length];
            for (int i = 0; i < ExtendedCommunities.Length; i++)
            {
                BinaryPrimitives.WriteUInt64BigEndian(value.AsSpan(8 * i), ExtendedCommunities[i].Value);
            }

            Add(raw, AttributeCode.ExtendedCommunities, value);
        }

        if (Pmsi is PmsiTunnel pmsi)
        {
            byte[] value = new byte[5 + (pmsi.TunnelType == PmsiTunnel.IngressReplication ? pmsi.Endpoint.Length : 0)];
            value[0] = pmsi.Flags;
            value[1] = pmsi.TunnelType;
            BinaryPrimitives.WriteUInt32BigEndian(value.AsSpan(1), ((uint)pmsi.TunnelType << 24) | (pmsi.Label & 0xFF_FFFF));
            _ = pmsi.Endpoint.TryWriteBytes(value.AsSpan(5), out _);
            Add(raw, AttributeCode.Pmsi, value);
        }

        return new PathAttributes
        {
            Raw = raw.ToArray(),
            NextHop = NextHop,
            Origin = Origin,
            AsPath = AsPath,
            Med = Med,
            LocalPreference = LocalPreference,
            Communities = Communities,
            ExtendedCommunities = ExtendedCommunities,
            Pmsi = Pmsi,
        };
    }

    private static byte[] Octets(ReadOnlySpan<uint> numbers)
    {
        byte[] value = new byte[4 * numbers.Length];
        for (int i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(value.AsSpan(4 * i), numbers[i]);
        }

        return value;
    }

    private static void Add(List<byte> raw, byte code, ReadOnlySpan<byte> value)
    {
        byte flags = AttributeCode.FlagsOf(code)!.Value;
        if (value.Length > byte.MaxValue)
        {
            raw.AddRange([(byte)(flags | AttributeCode.ExtendedLength), code, (byte)(value.Length >> 8), (byte)value.Length]);
        }
        else
        {
            raw.AddRange([flags, code, (byte)value.Length]);
        }

        raw.AddRange(value);
    }
}
