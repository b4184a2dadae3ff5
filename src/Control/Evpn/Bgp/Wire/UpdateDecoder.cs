using System.Buffers.Binary;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>
/// Decodes UPDATE messages of one session (RFC 4271 §4.3, §6.3 as RFC 7606 revises it, RFC 4760):
/// <code>
/// | length, 2 | withdrawn IPv4 routes | length, 2 | attributes, the EVPN routes among them | IPv4 routes |
/// </code>
/// Total: any octets give a result. An UPDATE that has the attributes of the one before, or of one of the last few, gives the same <see cref="PathAttributes"/> object
/// and allocates nothing, whatever the number of its routes. Of several errors the strongest counts (RFC 7606 §3h).
/// <b>Threading:</b> one thread at a time.
/// </summary>
/// <param name="fourOctetAs">Four octets an AS were agreed on (RFC 6793).</param>
/// <param name="isInternal">iBGP.</param>
/// <param name="firstAs">The AS that AS_PATH must begin with (RFC 4271 §6.3), or 0 not to check, as of a route server.</param>
public sealed class UpdateDecoder(bool fourOctetAs, bool isInternal, uint firstAs = 0)
{
    private const int LeastReach = 5;
    private const int LeastUnreach = 3;

    // Peers alternate between a few sets of attributes (MAC alone and MAC with address, one VNI and the next): the last of each hash is kept, unless it is large.
    private const int RecentSets = 64;
    private const int LargestRecent = 1024;

    private readonly AttributeSet?[] _recent = new AttributeSet?[RecentSets];
    private byte[] _scratch = new byte[256];
    private AttributeSet? _last;

    /// <summary>Decodes a message.</summary>
    /// <param name="body">The message without its header; the result borrows it.</param>
    public UpdateResult Decode(ReadOnlySpan<byte> body)
    {
        if (!TrySplit(body, out ReadOnlySpan<byte> withdrawn, out ReadOnlySpan<byte> list, out ReadOnlySpan<byte> routes))
        {
            // RFC 7606 §3b.
            return Reset(BgpErrors.Update(BgpErrors.MalformedAttributeList));
        }

        // RFC 7606 §5.3: IPv4 routes that cannot be located, although nobody here wants them.
        if (!IsIPv4(withdrawn) || !IsIPv4(routes))
        {
            return Reset(BgpErrors.Update(BgpErrors.InvalidNetwork));
        }

        var faults = default(UpdateFaults);
        if (withdrawn.Length > 0 || routes.Length > 0)
        {
            faults = faults.With(UpdateFault.Ipv4Unicast);
        }

        // The walk: the multiprotocol attributes are taken out, the others gathered.
        Span<ulong> seen = stackalloc ulong[4];
        seen.Clear();
        int kept = 0;
        MultiprotocolAttribute reach = default;
        MultiprotocolAttribute unreach = default;
        EvpnNlriTraits traits = EvpnNlriTraits.None;
        bool isCut = false;
        ReadOnlySpan<byte> rest = list;
        while (rest.Length > 0)
        {
            if (!AttributeHeader.TryRead(ref rest, out AttributeHeader attribute))
            {
                isCut = true;
                faults = faults.With(UpdateFault.AttributeList);
                break;
            }

            byte code = attribute.Code;
            bool isRepeated = (seen[code >> 6] >> (code & 63) & 1) != 0;
            seen[code >> 6] |= 1UL << (code & 63);
            if (code is AttributeCode.MpReach or AttributeCode.MpUnreach)
            {
                // RFC 7606 §3g.
                BgpError? error = isRepeated ? BgpErrors.Update(BgpErrors.MalformedAttributeList)
                    : code == AttributeCode.MpReach ? ReadReach(attribute, out reach, ref faults, out traits)
                    : ReadUnreach(attribute, out unreach, ref faults);
                if (error is not null)
                {
                    return Reset(error.Value);
                }
            }
            else if (isRepeated)
            {
                faults = faults.With(UpdateFault.DuplicateAttribute);
            }
            else
            {
                Keep(attribute.Whole, ref kept);
            }
        }

        return Judge(new Walk { Faults = faults, Reach = reach, Unreach = unreach, Kept = kept, IsCut = isCut, Traits = traits, HasIPv4Routes = routes.Length > 0, Total = body.Length });
    }

    /// <summary>Everything is located; what the attributes are worth is left to say.</summary>
    private UpdateResult Judge(Walk walk)
    {
        UpdateFaults faults = walk.Faults;
        bool hasRoutes = walk.Reach.Routes.Length > 0 || walk.HasIPv4Routes;
        bool isEvpn = walk.Reach.IsEvpn && walk.Reach.Routes.Length > 0;
        AttributeSet? set = hasRoutes || walk.Kept > 0 ? Attributes(_scratch.AsSpan(0, walk.Kept), walk.Reach.NextHop) : null;
        bool withdraw = walk.IsCut;
        if (set is not null)
        {
            faults = faults.With(set.Faults);
            withdraw |= set.IsWithdraw;
            if (set.Reset is not null)
            {
                return Reset(set.Reset.Value);
            }

            // RFC 7606 §3d.
            if (hasRoutes && (!set.HasOrigin || !set.HasAsPath || (isInternal && !set.HasLocalPreference) || (walk.HasIPv4Routes && !set.HasNextHop)) && !walk.IsCut)
            {
                faults = faults.With(UpdateFault.MissingAttribute);
                withdraw = true;
            }

            // RFC 9136 §3.1, §3.2.
            if ((walk.Traits & EvpnNlriTraits.TwoIndexes) != 0
                || (walk.Traits != EvpnNlriTraits.None && set.HasGroupRouterMac)
                || ((walk.Traits & EvpnNlriTraits.NoIndexNoLabel) != 0 && !set.HasRouterMac))
            {
                faults = faults.With(UpdateFault.OverlayIndex);
                withdraw = true;
            }
        }

        // RFC 7606 §5.2: nothing to withdraw, so it cannot be known that no route was lost.
        if (withdraw && !hasRoutes)
        {
            return Reset(set is { IsWithdraw: true } ? set.Error : BgpErrors.Update(BgpErrors.MalformedAttributeList));
        }

        return new UpdateResult
        {
            Reach = isEvpn ? walk.Reach.Routes : default,
            Unreach = walk.Unreach.IsEvpn ? walk.Unreach.Routes : default,
            Attributes = isEvpn && !withdraw ? set!.Attributes : null,
            TreatAsWithdraw = withdraw,
            IsEndOfRib = walk.Unreach.IsEvpn && walk.Unreach.Routes.Length == 0 && walk.Unreach.Length + 4 == walk.Total,
            Faults = faults,
        };
    }

    /// <summary>
    /// MP_REACH_NLRI (RFC 4760 §3):
    /// <code>
    /// | AFI, 2 | SAFI | length of next hop | next hop | reserved | routes |
    /// </code>
    /// </summary>
    private static BgpError? ReadReach(AttributeHeader attribute, out MultiprotocolAttribute reach, scoped ref UpdateFaults faults, out EvpnNlriTraits traits)
    {
        reach = default;
        traits = EvpnNlriTraits.None;
        ReadOnlySpan<byte> value = attribute.Value;

        // RFC 7606 §5.3: flags and least length.
        if ((attribute.Flags & AttributeCode.KindMask) != AttributeCode.Optional)
        {
            return BgpErrors.Update(BgpErrors.AttributeFlags, attribute.Whole);
        }

        if (value.Length < LeastReach)
        {
            return BgpErrors.Update(BgpErrors.OptionalAttribute, attribute.Whole);
        }

        int hop = value[3];
        if (!IsEvpnFamily(value))
        {
            faults = faults.With(UpdateFault.OtherFamily);
            reach = new MultiprotocolAttribute { Routes = value.Length > LeastReach + hop ? value[(LeastReach + hop)..] : default };
            return null;
        }

        // RFC 7606 §7.11, RFC 8365 §5.1.3: an IPv4 or IPv6 address of the VTEP.
        if (hop is not (4 or 16) || value.Length < LeastReach + hop)
        {
            return BgpErrors.Update(BgpErrors.OptionalAttribute, attribute.Whole);
        }

        ReadOnlySpan<byte> address = value.Slice(4, hop);
        reach = new MultiprotocolAttribute
        {
            IsEvpn = true,
            NextHop = hop == 4 ? UnderlayAddress.FromIPv4(address) : UnderlayAddress.FromIPv6(address),
            Routes = value[(LeastReach + hop)..],
        };
        if (reach.Routes.Length == 0)
        {
            faults = faults.With(UpdateFault.EmptyReach);
        }

        return EvpnNlriReader.Verify(reach.Routes, ref faults, out traits) == EvpnNlriStatus.Malformed
            ? BgpErrors.Update(BgpErrors.OptionalAttribute, attribute.Whole)
            : null;
    }

    /// <summary>MP_UNREACH_NLRI (RFC 4760 §4): AFI, SAFI, routes.</summary>
    private static BgpError? ReadUnreach(AttributeHeader attribute, out MultiprotocolAttribute unreach, scoped ref UpdateFaults faults)
    {
        unreach = default;
        ReadOnlySpan<byte> value = attribute.Value;
        if ((attribute.Flags & AttributeCode.KindMask) != AttributeCode.Optional)
        {
            return BgpErrors.Update(BgpErrors.AttributeFlags, attribute.Whole);
        }

        if (value.Length < LeastUnreach)
        {
            return BgpErrors.Update(BgpErrors.OptionalAttribute, attribute.Whole);
        }

        if (!IsEvpnFamily(value))
        {
            faults = faults.With(UpdateFault.OtherFamily);
            return null;
        }

        unreach = new MultiprotocolAttribute { IsEvpn = true, Routes = value[LeastUnreach..], Length = attribute.Whole.Length };
        return EvpnNlriReader.Verify(unreach.Routes, ref faults, out _) == EvpnNlriStatus.Malformed
            ? BgpErrors.Update(BgpErrors.OptionalAttribute, attribute.Whole)
            : null;
    }

    private static bool IsEvpnFamily(ReadOnlySpan<byte> value) => BinaryPrimitives.ReadUInt16BigEndian(value) == EvpnFamily.Afi && value[2] == EvpnFamily.Safi;

    private static bool TrySplit(ReadOnlySpan<byte> body, out ReadOnlySpan<byte> withdrawn, out ReadOnlySpan<byte> list, out ReadOnlySpan<byte> routes)
    {
        withdrawn = default;
        list = default;
        routes = default;
        int first = body.Length < 4 ? int.MaxValue : BinaryPrimitives.ReadUInt16BigEndian(body);
        if (first > body.Length - 4)
        {
            return false;
        }

        withdrawn = body.Slice(2, first);
        ReadOnlySpan<byte> rest = body[(2 + first)..];
        int second = BinaryPrimitives.ReadUInt16BigEndian(rest);
        if (second > rest.Length - 2)
        {
            return false;
        }

        list = rest.Slice(2, second);
        routes = rest[(2 + second)..];
        return true;
    }

    private static bool IsIPv4(ReadOnlySpan<byte> routes)
    {
        while (routes.Length > 0)
        {
            int octets = (routes[0] + 7) / 8;
            if (routes[0] > 32 || octets > routes.Length - 1)
            {
                return false;
            }

            routes = routes[(1 + octets)..];
        }

        return true;
    }

    private static UpdateResult Reset(BgpError error) => new() { Reset = error };

    private void Keep(ReadOnlySpan<byte> attribute, ref int kept)
    {
        if (_scratch.Length - kept < attribute.Length)
        {
            Array.Resize(ref _scratch, Math.Max(2 * _scratch.Length, kept + attribute.Length));
        }

        attribute.CopyTo(_scratch.AsSpan(kept));
        kept += attribute.Length;
    }

    private AttributeSet Attributes(ReadOnlySpan<byte> received, UnderlayAddress nextHop)
    {
        if (IsThat(_last, received, nextHop))
        {
            return _last!;
        }

        var hash = default(HashCode);
        hash.AddBytes(received);
        hash.Add(nextHop);
        ref AttributeSet? recent = ref _recent[(uint)hash.ToHashCode() % RecentSets];
        if (!IsThat(recent, received, nextHop))
        {
            AttributeSet read = new AttributeReader(fourOctetAs, isInternal, firstAs).Read(received, nextHop);
            recent = received.Length <= LargestRecent ? read : null;
            return _last = read;
        }

        return _last = recent!;
    }

    private static bool IsThat(AttributeSet? set, ReadOnlySpan<byte> received, UnderlayAddress nextHop) =>
        set is not null && set.NextHop == nextHop && received.SequenceEqual(set.Received);

    private ref struct MultiprotocolAttribute
    {
        public bool IsEvpn;
        public UnderlayAddress NextHop;
        public ReadOnlySpan<byte> Routes;
        public int Length;
    }

    private ref struct Walk
    {
        public UpdateFaults Faults;
        public MultiprotocolAttribute Reach;
        public MultiprotocolAttribute Unreach;
        public int Kept;
        public bool IsCut;
        public EvpnNlriTraits Traits;
        public bool HasIPv4Routes;
        public int Total;
    }
}
