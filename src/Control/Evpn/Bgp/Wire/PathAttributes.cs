using System.Collections.Immutable;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>
/// The attributes that the routes of one UPDATE share, decoded. Immutable and shared by any number of routes; two of equal <see cref="Raw"/> and
/// <see cref="NextHop"/> are equal, so that a table can keep one for many.
/// </summary>
public sealed class PathAttributes : IEquatable<PathAttributes>
{
    private int _hash;

    /// <summary>The attributes in the order and form they came in, MP_REACH_NLRI and MP_UNREACH_NLRI and what was discarded left out.</summary>
    public required ReadOnlyMemory<byte> Raw { get; init; }

    /// <summary>Next hop of MP_REACH_NLRI: the VTEP (RFC 8365 §5.1.3).</summary>
    public required UnderlayAddress NextHop { get; init; }

    /// <summary>ORIGIN.</summary>
    public BgpOrigin Origin { get; init; }

    /// <summary>AS_PATH, AS4_PATH merged in.</summary>
    public ImmutableArray<AsSegment> AsPath { get; init; } = [];

    /// <summary>MULTI_EXIT_DISC, or null.</summary>
    public uint? Med { get; init; }

    /// <summary>LOCAL_PREF, or null.</summary>
    public uint? LocalPreference { get; init; }

    /// <summary>ORIGINATOR_ID (RFC 4456), or null.</summary>
    public uint? OriginatorId { get; init; }

    /// <summary>CLUSTER_LIST (RFC 4456).</summary>
    public ImmutableArray<uint> ClusterList { get; init; } = [];

    /// <summary>COMMUNITIES (RFC 1997).</summary>
    public ImmutableArray<uint> Communities { get; init; } = [];

    /// <summary>EXTENDED COMMUNITIES (RFC 4360), eight octets each as a number in network order, in the order they came.</summary>
    public ImmutableArray<ExtendedCommunity> ExtendedCommunities { get; init; } = [];

    /// <summary>The PMSI tunnel, or null.</summary>
    public PmsiTunnel? Pmsi { get; init; }

    /// <summary>Length of AS_PATH as RFC 4271 §9.1.2.2 counts it: a set is one, confederation segments are none.</summary>
    public int AsPathLength
    {
        get
        {
            int length = 0;
            foreach (AsSegment segment in AsPath)
            {
                length += segment.Kind switch
                {
                    1 => 1,
                    2 => segment.Numbers.Length,
                    _ => 0,
                };
            }

            return length;
        }
    }

    /// <inheritdoc/>
    public bool Equals(PathAttributes? other) =>
        other is not null && (ReferenceEquals(this, other) || (NextHop == other.NextHop && Raw.Span.SequenceEqual(other.Raw.Span)));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is PathAttributes other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        if (_hash == 0)
        {
            var hash = default(HashCode);
            hash.AddBytes(Raw.Span);
            hash.Add(NextHop);
            int value = hash.ToHashCode();
            _hash = value == 0 ? 1 : value;
        }

        return _hash;
    }
}
