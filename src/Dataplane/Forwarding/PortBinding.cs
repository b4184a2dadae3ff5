using System.Runtime.CompilerServices;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Ports;
using Overlay.Encap.Ethernet;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Forwarding;

/// <summary>A port's places in all its VNIs, and the rule by which a frame's tag selects one. Immutable.</summary>
public sealed class PortBinding
{
    private const ushort TagControlVidMask = 0x0FFF;
    private readonly ushort _tagType;
    private readonly DomainPort? _untagged;
    private readonly DomainPort?[]? _byVid;
    private readonly DomainPort?[]? _byDomain;
    private readonly bool _isPlaced;

    internal PortBinding(Port port, DomainPort? untagged, DomainPort?[]? byVid, DomainPort?[]? byDomain)
    {
        Port = port;
        _tagType = port.Spec.TagType;
        _untagged = untagged;
        _byVid = byVid;
        _byDomain = byDomain;
        _isPlaced = untagged is not null || (byVid is not null && Array.Exists(byVid, static place => place is not null));
    }

    /// <summary>The port.</summary>
    public Port Port { get; }

    /// <summary>The port's place in a domain; null if it is not in it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DomainPort? In(BridgeDomain domain)
    {
        if (_untagged is { } place && place.Domain == domain)
            return place;

        return _byDomain is { } places && (uint)domain.State.Index < (uint)places.Length && places[domain.State.Index] is { } other && other.Domain == domain
            ? other
            : null;
    }

    /// <summary>Finds the VNI of a frame from the port.</summary>
    /// <param name="type">The field behind the source MAC.</param>
    /// <param name="tci">The tag control information behind it, if <paramref name="type"/> is a tag.</param>
    /// <param name="next">The field behind that tag, if <paramref name="type"/> is one.</param>
    /// <param name="place">The place.</param>
    /// <param name="strip">True if the outermost tag selected the VNI and is to be stripped.</param>
    /// <returns><see cref="DropReason.None"/>, <see cref="DropReason.VlanNotAllowed"/> or <see cref="DropReason.NoVni"/>.</returns>
    public DropReason Classify(ushort type, ushort tci, ushort next, out DomainPort? place, out bool strip)
    {
        strip = false;
        place = _untagged;
        bool isTagged = EtherType.IsVlanTag(type);
        if (_byVid is null)
        {
            if (place is null)
                return DropReason.NoVni;

            return isTagged && !place.CarriesTags ? DropReason.VlanNotAllowed : DropReason.None;
        }

        if (!_isPlaced)
            return DropReason.NoVni;

        if (isTagged)
        {
            // A tag of the other type names another space of VLANs. VID 0 is a priority tag: the frame belongs to the native VNI (IEEE 802.1Q §6.9).
            int vid = tci & TagControlVidMask;
            strip = true;
            place = type != _tagType ? null : vid == 0 ? _untagged : _byVid[vid];

            // What a strip leaves is judged like any frame of the place: behind a priority tag, another tag would name a VNI that it has no way into.
            if (place is { CarriesTags: false } && EtherType.IsVlanTag(next))
                return DropReason.VlanNotAllowed;
        }

        return place is null ? DropReason.VlanNotAllowed : DropReason.None;
    }

    internal static PortBinding ForUntagged(Port port, DomainPort? place) => new(port, place, null, null);

    internal static PortBinding ForTrunk(Port port, DomainPort? native, IEnumerable<DomainPort> tagged, int domains)
    {
        DomainPort?[] byVid = new DomainPort?[TagControlVidMask + 1];
        DomainPort?[] byDomain = new DomainPort?[domains];
        foreach (DomainPort place in tagged)
        {
            byVid[place.Vid] = place;
            byDomain[place.Domain.State.Index] = place;
        }

        return new PortBinding(port, native, byVid, byDomain);
    }
}
