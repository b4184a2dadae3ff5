using System.Buffers.Binary;
using System.Collections.Immutable;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>Judges attributes by RFC 7606 §7, one method a rule, and makes <see cref="PathAttributes"/> of what stands.</summary>
/// <param name="fourOctetAs">Four octets an AS were agreed on.</param>
/// <param name="isInternal">iBGP.</param>
/// <param name="firstAs">The AS that AS_PATH must begin with, or 0.</param>
internal sealed class AttributeReader(bool fourOctetAs, bool isInternal, uint firstAs)
{
    private AttributeSet _set = null!;
    private BgpOrigin _origin;
    private ImmutableArray<AsSegment> _path = [];
    private ImmutableArray<AsSegment> _path4 = [];
    private uint? _aggregator;
    private bool _hasAs4Aggregator;
    private uint? _med;
    private uint? _localPreference;
    private uint? _originatorId;
    private ImmutableArray<uint> _clusters = [];
    private ImmutableArray<uint> _communities = [];
    private ImmutableArray<ExtendedCommunity> _extended = [];
    private PmsiTunnel? _pmsi;

    /// <summary>Reads whole attributes, none of them twice and none multiprotocol.</summary>
    public AttributeSet Read(ReadOnlySpan<byte> received, UnderlayAddress nextHop)
    {
        _set = new AttributeSet { Received = received.ToArray(), NextHop = nextHop };
        byte[] kept = _set.Received;
        int discarded = 0;
        ReadOnlySpan<byte> rest = received;
        int offset = 0;
        while (_set.Reset is null && AttributeHeader.TryRead(ref rest, out AttributeHeader attribute))
        {
            int length = attribute.Whole.Length;
            if (Judge(attribute))
            {
                offset += length;
                continue;
            }

            // Attribute discard: what follows moves up, in a copy.
            if (ReferenceEquals(kept, _set.Received))
            {
                kept = received.ToArray();
            }

            rest.CopyTo(kept.AsSpan(offset));
            discarded += length;
        }

        if (_set.Reset is null && !_set.IsWithdraw)
        {
            _set.Attributes = Make(kept.AsMemory(0, received.Length - discarded), nextHop);
        }

        return _set;
    }

    /// <summary>False if the attribute is to be discarded.</summary>
    private bool Judge(AttributeHeader attribute)
    {
        byte code = attribute.Code;

        // RFC 7606 §7.5, §7.9, §7.10: discarded from another AS whatever they hold. RFC 6793 §4.1: likewise from one with four octets.
        if (!isInternal && code is AttributeCode.LocalPreference or AttributeCode.OriginatorId or AttributeCode.ClusterList)
        {
            return Discard(UpdateFault.InternalAttribute);
        }

        if (fourOctetAs && code is AttributeCode.As4Path or AttributeCode.As4Aggregator)
        {
            return Discard(code == AttributeCode.As4Path ? UpdateFault.As4Path : UpdateFault.As4Aggregator);
        }

        _set.HasOrigin |= code == AttributeCode.Origin;
        _set.HasAsPath |= code == AttributeCode.AsPath;
        _set.HasNextHop |= code == AttributeCode.NextHop;
        _set.HasLocalPreference |= code == AttributeCode.LocalPreference;
        if (AttributeCode.FlagsOf(code) is not byte flags)
        {
            // RFC 4271 §6.3, which RFC 7606 leaves as it is: an unknown attribute that claims to be well known.
            if ((attribute.Flags & AttributeCode.Optional) == 0)
            {
                _set.Reset = BgpErrors.Update(BgpErrors.UnrecognizedWellKnown, attribute.Whole);
            }

            return true;
        }

        // RFC 7606 §3c.
        if ((attribute.Flags & AttributeCode.KindMask) != flags)
        {
            return Withdraw(UpdateFault.AttributeFlags, BgpErrors.AttributeFlags, attribute);
        }

        return JudgeValue(attribute);
    }

    private bool JudgeValue(AttributeHeader attribute)
    {
        ReadOnlySpan<byte> value = attribute.Value;
        switch (attribute.Code)
        {
            case AttributeCode.Origin:
                _origin = value.Length == 1 ? (BgpOrigin)value[0] : default;
                return value.Length == 1 && value[0] <= 2
                    || Withdraw(UpdateFault.Origin, value.Length == 1 ? BgpErrors.InvalidOrigin : BgpErrors.AttributeLength, attribute);
            case AttributeCode.AsPath:
                return JudgePath(attribute);
            case AttributeCode.NextHop:
                return value.Length == 4 || Withdraw(UpdateFault.NextHop, BgpErrors.AttributeLength, attribute);
            case AttributeCode.Med:
                return Number(attribute, out _med) || Withdraw(UpdateFault.Med, BgpErrors.AttributeLength, attribute);
            case AttributeCode.LocalPreference:
                return Number(attribute, out _localPreference) || Withdraw(UpdateFault.LocalPreference, BgpErrors.AttributeLength, attribute);
            case AttributeCode.AtomicAggregate:
                return value.Length == 0 || Discard(UpdateFault.AtomicAggregate);
            case AttributeCode.Aggregator:
                return JudgeAggregator(value);
            case AttributeCode.Communities:
                return Numbers(value, out _communities) || Withdraw(UpdateFault.Communities, BgpErrors.OptionalAttribute, attribute);
            case AttributeCode.OriginatorId:
                return Number(attribute, out _originatorId) || Withdraw(UpdateFault.OriginatorId, BgpErrors.OptionalAttribute, attribute);
            case AttributeCode.ClusterList:
                return Numbers(value, out _clusters) || Withdraw(UpdateFault.ClusterList, BgpErrors.OptionalAttribute, attribute);
            case AttributeCode.ExtendedCommunities:
                return JudgeExtended(value) || Withdraw(UpdateFault.ExtendedCommunities, BgpErrors.OptionalAttribute, attribute);
            case AttributeCode.As4Path:
                return AsPathReader.TryRead(value, fourOctets: true, out _path4) && _path4.Length > 0 || Discard(UpdateFault.As4Path);
            case AttributeCode.As4Aggregator:
                // RFC 6793 §6, RFC 7607 §2.
                _hasAs4Aggregator = value.Length == 8 && BinaryPrimitives.ReadUInt32BigEndian(value) != 0;
                return _hasAs4Aggregator || Discard(UpdateFault.As4Aggregator);
            case AttributeCode.Pmsi:
                return JudgePmsi(value) || Withdraw(UpdateFault.Pmsi, BgpErrors.OptionalAttribute, attribute);
            case AttributeCode.Ipv6ExtendedCommunities:
                return value.Length > 0 && value.Length % 20 == 0 || Withdraw(UpdateFault.Ipv6ExtendedCommunities, BgpErrors.OptionalAttribute, attribute);
            case AttributeCode.LargeCommunities:
                return value.Length > 0 && value.Length % 12 == 0 || Withdraw(UpdateFault.LargeCommunities, BgpErrors.OptionalAttribute, attribute);
            default:
                return JudgeSet(value) || Withdraw(UpdateFault.AttributeSet, BgpErrors.OptionalAttribute, attribute);
        }
    }

    private bool JudgePath(AttributeHeader attribute)
    {
        bool read = AsPathReader.TryRead(attribute.Value, fourOctetAs, out _path);
        if (read && !isInternal)
        {
            foreach (AsSegment segment in _path)
            {
                // RFC 5065 §5.1: confederation segments from outside; we are in none.
                read &= segment.Kind is 1 or 2;
            }
        }

        if (!read)
        {
            return Withdraw(UpdateFault.AsPath, BgpErrors.MalformedAsPath, attribute);
        }

        return firstAs == 0 || isInternal || (_path.Length > 0 && _path[0].Kind == 2 && _path[0].Numbers[0] == firstAs)
            || Withdraw(UpdateFault.FirstAs, BgpErrors.MalformedAsPath, attribute);
    }

    private bool JudgeAggregator(ReadOnlySpan<byte> value)
    {
        if (value.Length != (fourOctetAs ? 8 : 6))
        {
            return Discard(UpdateFault.Aggregator);
        }

        _aggregator = fourOctetAs ? BinaryPrimitives.ReadUInt32BigEndian(value) : BinaryPrimitives.ReadUInt16BigEndian(value);
        return _aggregator != 0 || Discard(UpdateFault.Aggregator);
    }

    private bool JudgeExtended(ReadOnlySpan<byte> value)
    {
        if (value.Length == 0 || value.Length % 8 != 0)
        {
            return false;
        }

        ImmutableArray<ExtendedCommunity>.Builder builder = ImmutableArray.CreateBuilder<ExtendedCommunity>(value.Length / 8);
        for (; value.Length > 0; value = value[8..])
        {
            var community = new ExtendedCommunity(BinaryPrimitives.ReadUInt64BigEndian(value));
            builder.Add(community);
            if (community.TryGetRouterMac(out MacAddress mac))
            {
                _set.HasGroupRouterMac |= mac.IsMulticast;
                _set.HasRouterMac |= !mac.IsMulticast && !mac.IsZero;
            }
        }

        _extended = builder.MoveToImmutable();
        return true;
    }

    /// <summary>RFC 6514 §5: flags 1, type 1, label 3, then what the type says; of ingress replication an address (RFC 7432 §11.2, RFC 8365 §9).</summary>
    private bool JudgePmsi(ReadOnlySpan<byte> value)
    {
        const int HeaderLength = 5;
        if (value.Length < HeaderLength)
        {
            return false;
        }

        ReadOnlySpan<byte> identifier = value[HeaderLength..];
        bool ingress = value[1] == PmsiTunnel.IngressReplication;
        if (ingress && identifier.Length is not (4 or 16))
        {
            return false;
        }

        UnderlayAddress endpoint = !ingress ? default : identifier.Length == 4 ? UnderlayAddress.FromIPv4(identifier) : UnderlayAddress.FromIPv6(identifier);
        _pmsi = new PmsiTunnel(value[0], value[1], EvpnNlriForm.ReadLabel(value[2..]), endpoint);
        return true;
    }

    /// <summary>RFC 6368 §5: an AS and attributes, which are not read further; nobody here imports them.</summary>
    private static bool JudgeSet(ReadOnlySpan<byte> value)
    {
        if (value.Length < 4)
        {
            return false;
        }

        ReadOnlySpan<byte> rest = value[4..];
        while (rest.Length > 0)
        {
            if (!AttributeHeader.TryRead(ref rest, out _))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Number(AttributeHeader attribute, out uint? number)
    {
        number = attribute.Value.Length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(attribute.Value) : null;
        return number is not null;
    }

    private static bool Numbers(ReadOnlySpan<byte> value, out ImmutableArray<uint> numbers)
    {
        numbers = [];
        if (value.Length == 0 || value.Length % 4 != 0)
        {
            return false;
        }

        ImmutableArray<uint>.Builder builder = ImmutableArray.CreateBuilder<uint>(value.Length / 4);
        for (; value.Length > 0; value = value[4..])
        {
            builder.Add(BinaryPrimitives.ReadUInt32BigEndian(value));
        }

        numbers = builder.MoveToImmutable();
        return true;
    }

    private PathAttributes Make(ReadOnlyMemory<byte> raw, UnderlayAddress nextHop)
    {
        // RFC 6793 §4.2.3: beside an AS4_AGGREGATOR, an AGGREGATOR that is not AS_TRANS says that the AS4 attributes are stale.
        bool merge = _path4.Length > 0 && !(_hasAs4Aggregator && _aggregator is not (null or OpenMessage.AsTrans));
        return new PathAttributes
        {
            Raw = raw,
            NextHop = nextHop,
            Origin = _origin,
            AsPath = merge ? AsPathReader.Merge(_path, _path4) : _path,
            Med = _med,
            LocalPreference = _localPreference,
            OriginatorId = _originatorId,
            ClusterList = _clusters,
            Communities = _communities,
            ExtendedCommunities = _extended,
            Pmsi = _pmsi,
        };
    }

    private bool Discard(UpdateFault fault)
    {
        _set.Faults = _set.Faults.With(fault);
        return false;
    }

    private bool Withdraw(UpdateFault fault, byte subcode, AttributeHeader attribute)
    {
        _set.Faults = _set.Faults.With(fault);
        if (!_set.IsWithdraw)
        {
            _set.IsWithdraw = true;
            _set.Error = BgpErrors.Update(subcode, subcode == BgpErrors.MalformedAsPath ? default : attribute.Whole);
        }

        return true;
    }
}
