using System.Collections.Immutable;
using Overlay.Encap;

namespace Overlay.Dataplane.Underlay;

/// <summary>
/// What routing messages add up to: links, and where our local addresses are. Owned by one thread. Bounded: other addresses are not kept, nor links past a limit.
/// </summary>
internal sealed class UnderlayView(ImmutableArray<UnderlayAddress> local)
{
    private const int MaxLinks = 65_536;
    private const int MaxHolders = 1024;
    private const uint LinkUpFlag = 0x1;
    private const uint LinkLoopbackFlag = 0x8;
    private const uint LinkRunningFlag = 0x40;
    private const uint AddressOptimistic = 0x04;
    private const uint AddressDuplicate = 0x08;
    private const uint AddressTentative = 0x40;

    private readonly Dictionary<int, Link> _links = [];
    private readonly Dictionary<(UnderlayAddress Address, int Index), uint> _holders = [];
    private readonly HashSet<UnderlayAddress> _local = [.. local];

    /// <summary>Takes a message.</summary>
    internal void Apply(in RtnetlinkMessage message)
    {
        switch (message.Kind)
        {
            case RtnetlinkKind.LinkNew when _links.Count < MaxLinks || _links.ContainsKey(message.Index):
                _links[message.Index] = new Link(message.Name ?? "", message.Mtu, message.Flags);
                break;
            case RtnetlinkKind.LinkGone:
                RemoveLink(message.Index);
                break;
            case RtnetlinkKind.AddressNew when _local.Contains(message.Address) && _holders.Count < MaxHolders:
                _holders[(message.Address, message.Index)] = message.Flags;
                break;
            case RtnetlinkKind.AddressGone:
                _ = _holders.Remove((message.Address, message.Index));
                break;
            default:
                break;
        }
    }

    /// <summary>The MTU of a link; 0 if it is unknown.</summary>
    internal int MtuOf(int index) => _links.TryGetValue(index, out Link link) ? link.Mtu : 0;

    /// <summary>The name of a link; null if it is unknown.</summary>
    internal string? NameOf(int index) => _links.TryGetValue(index, out Link link) ? link.Name : null;

    /// <summary>The state of the local addresses.</summary>
    /// <param name="routedMtu">The smallest MTU on the routes to the peers of a family, asked for when an address is on a loopback device.</param>
    /// <param name="devices">Names of devices to tell of.</param>
    internal UnderlayChange Evaluate(Func<AddressFamilyKind, int> routedMtu, ImmutableArray<string> devices = default)
    {
        var states = ImmutableArray.CreateBuilder<LocalAddressState>(local.Length);
        foreach (UnderlayAddress address in local)
        {
            LocalAddressState state = new(address, false, false, null, 0);
            foreach (((UnderlayAddress held, int index), uint flags) in _holders)
            {
                bool usable = (flags & AddressDuplicate) == 0 && ((flags & AddressTentative) == 0 || (flags & AddressOptimistic) != 0);
                if (held != address || !usable || !_links.TryGetValue(index, out Link link))
                    continue;
                bool isLoopbackDevice = (link.Flags & LinkLoopbackFlag) != 0;
                int mtu = isLoopbackDevice && !address.IsLoopback ? routedMtu(address.Family) : link.Mtu;
                state = new LocalAddressState(address, true, link.Works, link.Name, mtu);
                if (state.LinkUp)
                    break;
            }

            states.Add(state);
        }

        return new UnderlayChange(states.MoveToImmutable()) { Devices = devices.IsDefaultOrEmpty ? [] : [.. devices.Select(Find)] };
    }

    private DeviceState Find(string name)
    {
        foreach ((int index, Link link) in _links)
        {
            if (link.Name == name)
                return new DeviceState(name, index, link.Works) { Mtu = link.Mtu };
        }

        return new DeviceState(name, 0, false);
    }

    private void RemoveLink(int index)
    {
        _ = _links.Remove(index);
        foreach ((UnderlayAddress Address, int Index) holder in _holders.Keys.Where(key => key.Index == index).ToArray())
            _ = _holders.Remove(holder);
    }

    private readonly record struct Link(string Name, int Mtu, uint Flags)
    {
        private const uint Working = LinkUpFlag | LinkRunningFlag;

        internal bool Works => (Flags & Working) == Working;
    }
}
