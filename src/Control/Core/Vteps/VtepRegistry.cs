using System.Collections.Immutable;
using Overlay.Control.Tables;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Vteps;

/// <summary>
/// All VTEPs by name and by address. Descriptions of one name are merged, the best plane's first; a name whose address belongs to a VTEP
/// that a better plane described is another name of that VTEP. Control thread only.
/// </summary>
internal sealed class VtepRegistry(IForwardingWriter writer, Precedence precedence)
{
    private readonly Dictionary<string, VtepIdentity> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<UnderlayAddress, VtepIdentity> _owners = [];
    private readonly HashSet<UnderlayAddress> _local = [];
    private bool _hasIPv4;
    private bool _hasIPv6;
    private bool _concernsAll;

    /// <summary>Something changed that may change how a target resolves.</summary>
    public bool IsDirty { get; private set; }

    public ImmutableArray<UnderlayAddress> Local { get; private set; } = [];

    public IReadOnlyCollection<VtepIdentity> All => _byName.Values;

    public bool SetLocal(ImmutableArray<UnderlayAddress> addresses)
    {
        if (Local.SequenceEqual(addresses))
        {
            return false;
        }

        Local = addresses;
        _local.Clear();
        _local.UnionWith(addresses);
        _hasIPv4 = addresses.Any(static a => a.IsIPv4);
        _hasIPv6 = addresses.Any(static a => a.IsIPv6);
        IsDirty = _concernsAll = true;
        return true;
    }

    /// <summary>True if frames can be sent to the address: unicast, of a family that we have an address in, and not our own.</summary>
    public bool IsUsable(UnderlayAddress address) =>
        address.IsUnicast && (address.IsIPv4 ? _hasIPv4 : _hasIPv6) && !_local.Contains(address);

    public VtepIdentity GetOrAdd(VtepEndpoint endpoint)
    {
        string name = endpoint.Name ?? string.Empty;
        if (!_byName.TryGetValue(name, out VtepIdentity? identity))
        {
            identity = new VtepIdentity(new VtepEndpoint(name));
            _byName.Add(name, identity);
            IsDirty = true;
        }

        return identity;
    }

    public bool TryGet(VtepEndpoint endpoint, out VtepIdentity identity) => _byName.TryGetValue(endpoint.Name ?? string.Empty, out identity!);

    /// <summary>The VTEP that owns an address, as of the last <see cref="Rebind"/>; null if none.</summary>
    public VtepIdentity? OwnerOf(UnderlayAddress address) => _owners.GetValueOrDefault(address)?.Canonical;

    /// <summary>Takes a description in; an equal one only renews its mark.</summary>
    public void Describe(SourceState source, VtepDescription description)
    {
        VtepIdentity identity = GetOrAdd(description.Vtep);
        int at = identity.Descriptions.FindIndex(d => d.Source == source);
        if (at < 0)
        {
            identity.Descriptions.Add((source, description, source.Plane.Generation));
            IsDirty = _concernsAll = true;
            return;
        }

        _concernsAll |= !identity.Descriptions[at].Description.Equals(description);
        IsDirty |= _concernsAll;
        identity.Descriptions[at] = (source, description, source.Plane.Generation);
    }

    /// <summary>Forgets descriptions that the predicate names.</summary>
    public int Forget(Func<VtepIdentity, SourceState, uint, bool> which)
    {
        int forgotten = 0;
        foreach (VtepIdentity identity in _byName.Values)
        {
            forgotten += identity.Descriptions.RemoveAll(d => which(identity, d.Source, d.Generation));
        }

        _concernsAll |= forgotten > 0;
        IsDirty |= _concernsAll;
        return forgotten;
    }

    /// <summary>Merges what planes said, again. After it <see cref="IsDirty"/> is false.</summary>
    /// <returns>
    /// True if targets of any VNI may resolve otherwise now. A name that is merely new concerns only who named it: with a VTEP more a second, as a
    /// prefix may admit them, everything else is left alone.
    /// </returns>
    public bool Rebind()
    {
        bool concernsAll = _concernsAll;
        IsDirty = _concernsAll = false;
        foreach (string name in _byName.Where(static p => p.Value is { IsDescribed: false, References: 0, Holds: 0 }).Select(static p => p.Key).ToArray())
        {
            _ = _byName.Remove(name);
        }

        _owners.Clear();
        foreach (VtepIdentity identity in _byName.Values)
        {
            Merge(identity);
            foreach (UnderlayAddress address in identity.Addresses)
            {
                if (!_owners.TryGetValue(address, out VtepIdentity? owner) || IsBetterOwner(identity, owner))
                {
                    _owners[address] = identity;
                }
            }
        }

        foreach (VtepIdentity identity in _byName.Values)
        {
            VtepIdentity canonical = identity;
            while (BetterName(canonical) is { } better)
            {
                canonical = better;
            }

            identity.Canonical = canonical;
        }

        return concernsAll;
    }

    /// <summary>Holds a next hop; its VTEP is defined with the first.</summary>
    public NextHopId Hold(VtepIdentity vtep, NextHopSpec spec)
    {
        if (vtep.Id is not { } id)
        {
            id = writer.DefineVtep(vtep.Endpoint.Name);
            vtep.Id = id;
            if (vtep.State != VtepState.Up)
            {
                writer.SetVtepState(id, vtep.State);
            }
        }

        vtep.Holds++;
        return writer.AcquireNextHop(spec with { Vtep = id });
    }

    /// <summary>Gives a next hop back; its VTEP goes with the last.</summary>
    public void Drop(VtepIdentity vtep, NextHopId nextHop)
    {
        writer.ReleaseNextHop(nextHop);
        if (--vtep.Holds == 0 && vtep.Id is { } id)
        {
            writer.RemoveVtep(id);
            vtep.Id = null;
        }
    }

    private static bool IsBetterOwner(VtepIdentity a, VtepIdentity b) => a.Rank != b.Rank ? a.Rank < b.Rank : a.Endpoint < b.Endpoint;

    /// <summary>Ranks strictly improve along the chain, so it ends; two names of one plane are never merged, their owner knows better.</summary>
    private VtepIdentity? BetterName(VtepIdentity identity)
    {
        foreach (UnderlayAddress address in identity.Addresses)
        {
            if (_owners.TryGetValue(address, out VtepIdentity? owner) && owner.Rank < identity.Rank)
            {
                return owner;
            }
        }

        return null;
    }

    private void Merge(VtepIdentity identity)
    {
        identity.Descriptions.Sort((a, b) =>
        {
            int byRank = precedence.Rank(a.Source.Origin).CompareTo(precedence.Rank(b.Source.Origin));
            return byRank != 0 ? byRank : a.Source.Id.CompareTo(b.Source.Id);
        });

        identity.Rank = int.MaxValue;
        identity.Encap = null;
        identity.Port = 0;
        identity.PolicyOption = PolicyOptionMode.Advisory;
        if (!identity.IsDescribed)
        {
            bool isAddress = UnderlayAddress.TryParse(identity.Endpoint.Name, out UnderlayAddress address) && IsForPlanes(address);
            identity.Addresses = isAddress ? [address] : [];
            identity.AlsoFrom = [];
            return;
        }

        var addresses = new List<UnderlayAddress>();
        var alsoFrom = new List<UnderlayAddress>();
        foreach ((SourceState source, VtepDescription description, _) in identity.Descriptions)
        {
            bool isStatic = source.Origin == FdbOrigin.Static;
            addresses.AddRange(description.Addresses.Where(a => (isStatic || IsForPlanes(a)) && !addresses.Contains(a)));
            alsoFrom.AddRange(description.AlsoFrom.Where(a => (isStatic || IsForPlanes(a)) && !alsoFrom.Contains(a)));
            if (identity.Encap is null && (description.Encap is not null || (description.Port != 0 && identity.Port == 0)))
            {
                identity.Encap = description.Encap;
                identity.Port = description.Port;
            }
        }

        SourceState best = identity.Descriptions[0].Source;
        identity.Rank = precedence.Rank(best.Origin);
        identity.PolicyOption = identity.Descriptions[0].Description.PolicyOption;
        identity.Addresses = [.. addresses];
        identity.AlsoFrom = [.. alsoFrom];
    }

    /// <summary>A link-local address means nothing outside the link it was written for, so only the configuration may name one.</summary>
    private static bool IsForPlanes(UnderlayAddress address) => !(address.IsIPv6 && address.IsLinkLocal);
}
