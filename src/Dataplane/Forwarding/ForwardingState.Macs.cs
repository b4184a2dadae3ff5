using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Dataplane.Forwarding;

/// <content>What planes publish for a VNI.</content>
public sealed partial class ForwardingState
{
    // MACs come many of one VNI in a row. Only for the members that write them.
    private Vni _writtenVni;
    private DomainState? _written;

    /// <inheritdoc/>
    public bool HasVni(Vni vni) => _domains.ContainsKey(vni);

    /// <inheritdoc/>
    public bool TryWriteMac(Vni vni, MacAddress mac, FdbTarget target, FdbOrigin origin, FdbFlags flags)
    {
        if (Written(vni) is not { } domain)
            return false;

        if (!target.IsPort)
            _ = Required(new NextHopId(target.Index), nameof(target));
        else if (target.Index >= _portIds.HighWater)
            ThrowUnknown(nameof(target), target.Index);

        bool isWritten = domain.Fdb.TryWrite(mac, target, origin, flags, Epoch);
        CountChange();
        return isWritten;
    }

    /// <inheritdoc/>
    public bool RemoveMac(Vni vni, MacAddress mac) => Written(vni) is { } domain && domain.Fdb.Remove(mac);

    /// <inheritdoc/>
    public bool TryGetMac(Vni vni, MacAddress mac, out FdbRow row)
    {
        if (_domains.TryGetValue(vni, out DomainState? domain) && domain.Fdb.TryRead(mac, out FdbEntry entry, out ushort lastUse))
        {
            row = new FdbRow(vni, mac, entry.Target, entry.Origin, entry.Flags, lastUse);
            return true;
        }

        row = default;
        return false;
    }

    /// <inheritdoc/>
    public bool WriteNeighbor(Vni vni, UnderlayAddress address, in NeighborBinding binding)
    {
        if (!_domains.TryGetValue(vni, out DomainState? domain))
            return false;

        domain.Neighbors.Write(address, binding, Epoch);
        return true;
    }

    /// <inheritdoc/>
    public bool RemoveNeighbor(Vni vni, UnderlayAddress address) => _domains.TryGetValue(vni, out DomainState? domain) && domain.Neighbors.Remove(address);

    /// <inheritdoc/>
    public bool TryGetNeighborUse(Vni vni, UnderlayAddress address, out ushort lastUse)
    {
        lastUse = 0;
        return _domains.TryGetValue(vni, out DomainState? domain) && domain.Neighbors.TryGetUse(address, out lastUse);
    }

    /// <inheritdoc/>
    public bool SetFloodList(Vni vni, ReadOnlySpan<NextHopId> nextHops)
    {
        if (!_domains.TryGetValue(vni, out DomainState? domain))
            return false;

        HashSet<NextHopId> seen = [];
        foreach (NextHopId id in nextHops)
        {
            if (Required(id, nameof(nextHops)).IsGroup || !seen.Add(id))
                throw new ArgumentException("A flood list holds no groups and no next hop twice.", nameof(nextHops));
        }

        PeersVersion++;
        domain.Flood = nextHops.IsEmpty ? FloodList.Empty : new FloodList(nextHops.ToArray());
        return true;
    }

    /// <inheritdoc/>
    public bool SetAllowList(Vni vni, ReadOnlySpan<SourceAdmission> sources, ReadOnlySpan<UnderlayPrefix> prefixes)
    {
        if (!_domains.TryGetValue(vni, out DomainState? domain))
            return false;

        foreach (SourceAdmission source in sources)
            _ = Required(source.NextHop, nameof(sources));

        PeersVersion++;
        domain.Allow = new AllowList(sources, prefixes);
        return true;
    }

    /// <inheritdoc/>
    public bool SetRemoteLearning(Vni vni, bool enabled)
    {
        if (!_domains.TryGetValue(vni, out DomainState? domain))
            return false;

        domain.RemoteLearning = enabled;
        return true;
    }

    /// <inheritdoc/>
    public int ReadMacs(Vni vni, ref int cursor, Span<FdbRow> rows)
    {
        if (_domains.TryGetValue(vni, out DomainState? domain))
            return domain.Fdb.Read(vni, ref cursor, rows);

        cursor = 0;
        return 0;
    }

    private DomainState? Written(Vni vni)
    {
        if (_written is null || _writtenVni != vni)
        {
            _ = _domains.TryGetValue(vni, out _written);
            _writtenVni = vni;
        }

        return _written;
    }
}
