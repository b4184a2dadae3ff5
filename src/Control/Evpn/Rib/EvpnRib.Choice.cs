using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Rib;

/// <content>The best of the paths of one NLRI (RFC 4271 §9.1.2.2, RFC 4456 §9). Under the lock.</content>
/// <remarks>
/// Before the rules of BGP stand two of ours: what can be used here before what cannot, and what a live session says before what is stale. Step e, the distance of the next
/// hop, is left out: the underlay's routes are the kernel's. LOCAL_PREF of an external peer is ignored (RFC 4271 §5.1.5), as are ORIGINATOR_ID and CLUSTER_LIST.
/// </remarks>
internal sealed partial class EvpnRib
{
    private const uint DefaultPreference = 100;

    private int BestOf(int entry)
    {
        int head = _entries[entry].Head;
        if (head < 0 || _paths[head].Next < 0)
        {
            return head;
        }

        // MED is compared within one neighbouring AS only, which gives no order among three: those whose MED another one beats are left out first.
        int top = head;
        bool hasMed = false;
        for (int at = head; at >= 0; at = _paths[at].Next)
        {
            hasMed |= _attributes[_paths[at].Attributes].Attributes.Med is not null;
            top = CompareUpToOrigin(_paths[at], _paths[top], out _) < 0 ? at : top;
        }

        int best = -1;
        for (int at = head; at >= 0; at = _paths[at].Next)
        {
            if (CompareUpToOrigin(_paths[at], _paths[top], out _) != 0 || (hasMed && IsBeatenByMed(head, at, top)))
            {
                continue;
            }

            // Paths stand in the list with the newest first: of equals the older stays.
            best = best < 0 || CompareBehindMed(_paths[at], _paths[best], out _) <= 0 ? at : best;
        }

        return best;
    }

    /// <summary>Between two, for an explanation: negative when the first wins.</summary>
    private int ComparePaths(in RibPath a, in RibPath b, out PathRule rule)
    {
        int order = CompareUpToOrigin(a, b, out rule);
        if (order != 0)
        {
            return order;
        }

        if (NeighborAsOf(a) == NeighborAsOf(b) && MedOf(a) != MedOf(b))
        {
            rule = PathRule.Med;
            return MedOf(a).CompareTo(MedOf(b));
        }

        return CompareBehindMed(a, b, out rule);
    }

    private bool IsBeatenByMed(int head, int candidate, int top)
    {
        uint neighbor = NeighborAsOf(_paths[candidate]);
        uint med = MedOf(_paths[candidate]);
        for (int at = head; at >= 0; at = _paths[at].Next)
        {
            if (at != candidate && MedOf(_paths[at]) < med && NeighborAsOf(_paths[at]) == neighbor && CompareUpToOrigin(_paths[at], _paths[top], out _) == 0)
            {
                return true;
            }
        }

        return false;
    }

    private int CompareUpToOrigin(in RibPath a, in RibPath b, out PathRule rule)
    {
        rule = PathRule.Usable;
        bool isUsable = a.Problem == PathProblem.None;
        if (isUsable != (b.Problem == PathProblem.None))
        {
            return isUsable ? -1 : 1;
        }

        rule = PathRule.LiveBeforeStale;
        bool isStale = IsStale(a);
        if (isStale != IsStale(b))
        {
            return isStale ? 1 : -1;
        }

        rule = PathRule.LocalPreference;
        uint preference = PreferenceOf(a);
        uint other = PreferenceOf(b);
        if (preference != other)
        {
            return other.CompareTo(preference);
        }

        RouteAttributes left = _attributes[a.Attributes];
        RouteAttributes right = _attributes[b.Attributes];
        rule = PathRule.AsPathLength;
        if (left.AsPathLength != right.AsPathLength)
        {
            return left.AsPathLength.CompareTo(right.AsPathLength);
        }

        rule = PathRule.Origin;
        return left.Attributes.Origin.CompareTo(right.Attributes.Origin);
    }

    private int CompareBehindMed(in RibPath a, in RibPath b, out PathRule rule)
    {
        RibPeer left = _peers[a.Peer]!;
        RibPeer right = _peers[b.Peer]!;
        rule = PathRule.ExternalBeforeInternal;
        if (left.IsInternal != right.IsInternal)
        {
            return left.IsInternal ? 1 : -1;
        }

        PathAttributes one = _attributes[a.Attributes].Attributes;
        PathAttributes two = _attributes[b.Attributes].Attributes;
        uint id = (left.IsInternal ? one.OriginatorId : null) ?? left.Facts.PeerRouterId;
        uint otherId = (right.IsInternal ? two.OriginatorId : null) ?? right.Facts.PeerRouterId;
        rule = PathRule.RouterId;
        if (id != otherId)
        {
            return id.CompareTo(otherId);
        }

        rule = PathRule.ClusterListLength;
        int clusters = left.IsInternal ? one.ClusterList.Length : 0;
        int otherClusters = right.IsInternal ? two.ClusterList.Length : 0;
        if (clusters != otherClusters)
        {
            return clusters.CompareTo(otherClusters);
        }

        UnderlayAddress address = left.Facts.Peer;
        int byAddress = address.CompareTo(right.Facts.Peer);
        rule = byAddress != 0 ? PathRule.PeerAddress : PathRule.Same;
        return byAddress;
    }

    private bool IsStale(in RibPath path) => _peers[path.Peer]!.IsStale(path);

    private uint PreferenceOf(in RibPath path) =>
        _peers[path.Peer]!.IsInternal ? _attributes[path.Attributes].Attributes.LocalPreference ?? DefaultPreference : DefaultPreference;

    private uint MedOf(in RibPath path) => _attributes[path.Attributes].Attributes.Med ?? 0;

    private uint NeighborAsOf(in RibPath path) => _attributes[path.Attributes].NeighborAs;
}
