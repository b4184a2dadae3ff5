using Overlay.Control.HandOver;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <content>What was seen before a restart.</content>
internal sealed partial class ControlCore
{
    /// <summary>The clock's beginning: 77 days, so that what was seen before the start has a time too. A multiple of nothing.</summary>
    private const uint Beginning = 1u << 26;

    /// <summary>Local and learned MACs with their ages; not the ports' own, which are announced anew.</summary>
    public SeenMacs ExportSeen()
    {
        var places = new List<SeenPlace>();
        var macs = new List<SeenMac>(Math.Min(_seen, 1 << 20));
        uint now = Now;
        foreach (MacVrf vrf in _vrfs.Values)
        {
            var indexes = new Dictionary<int, int>();
            for (int index = 0; vrf.Spec is not null && index < vrf.Macs.High; index++)
            {
                ref MacState state = ref vrf.Macs[index];
                if (state.Mac == 0 || !state.HasSeen || state.IsPermanent)
                {
                    continue;
                }

                if (!indexes.TryGetValue(state.SeenTarget, out int place))
                {
                    RouteTarget target = vrf.Targets[state.SeenTarget]!;
                    place = places.Count;
                    if (target.Port is { } port)
                    {
                        places.Add(new SeenPlace(port.Name, default, default));
                    }
                    else if (target.Held is not null)
                    {
                        places.Add(new SeenPlace(null, target.Spec.Address, target.Spec.Encap));
                    }
                    else
                    {
                        place = -1;
                    }

                    indexes.Add(state.SeenTarget, place);
                }

                if (place >= 0)
                {
                    macs.Add(new SeenMac(vrf.Vni, new MacAddress(state.Mac), place, now - LastSeen(vrf, state)));
                }
            }
        }

        macs.Sort(static (a, b) => a.Age.CompareTo(b.Age));
        return new SeenMacs(places, macs);
    }

    /// <summary>
    /// Learns what was seen before a restart, as if frames said so now: limits, sticky and static MACs and admission hold. What was seen meanwhile is newer and stays. Ages go on.
    /// </summary>
    /// <param name="seen">What was seen.</param>
    /// <param name="from">The first one.</param>
    /// <param name="count">How many.</param>
    /// <param name="elapsed">Tenths of a second since its ages were written down.</param>
    /// <returns>How many are in force.</returns>
    public int RestoreSeen(SeenMacs seen, int from, int count, uint elapsed)
    {
        uint now = Now;

        // An epoch of their own that is very old, so that ageing looks at each of them, and goes by the time that it finds there.
        _writer.AdvanceEpoch();
        _epochTimes[_writer.Epoch] = 0;
        var targets = new Dictionary<(uint Vni, int Place), RouteTarget?>();
        int last = Math.Min(seen.Macs.Count, from + count);
        var asked = new List<(MacVrf Vrf, SeenMac Mac)>(Math.Max(0, last - from));
        for (int i = from; i < last; i++)
        {
            SeenMac mac = seen.Macs[i];
            if (mac.Mac.IsMulticast || mac.Mac.IsZero || (uint)mac.Place >= (uint)seen.Places.Count
                || !_vrfs.TryGetValue(mac.Vni.Value, out MacVrf? vrf) || vrf.Spec is null
                || (vrf.TryFind(mac.Mac, out int known) && vrf.Macs[known].HasSeen)
                || (vrf.Spec.Age > TimeSpan.Zero && (ulong)mac.Age + elapsed >= Tenths(vrf.Spec.Age)))
            {
                continue;
            }

            Restore(vrf, mac.Mac, seen.Places[mac.Place], targets, (mac.Vni.Value, mac.Place));
            asked.Add((vrf, mac));
        }

        // VTEPs that only a prefix admits exist from here on.
        Flush();
        int restored = 0;
        foreach ((MacVrf vrf, SeenMac mac) in asked)
        {
            if (!vrf.TryFind(mac.Mac, out int index) || !vrf.Macs[index].HasSeen || vrf.Macs[index].IsPermanent || vrf.Macs[index].SeenEpoch != _writer.Epoch)
            {
                continue;
            }

            vrf.Macs[index].SeenTime = now - (uint)Math.Min((ulong)mac.Age + elapsed, Beginning - 1);
            restored++;
        }

        _writer.AdvanceEpoch();
        _epochTimes[_writer.Epoch] = now;
        return restored;
    }

    private void Restore(MacVrf vrf, MacAddress mac, in SeenPlace place, Dictionary<(uint Vni, int Place), RouteTarget?> targets, (uint Vni, int Place) key)
    {
        if (place.Port is { } name)
        {
            if (_ports.TryGetValue(name, out PortState? port) && port.IsUp && port.Vnis.Contains(vrf.Vni.Value))
            {
                LearnLocal(vrf, mac, port, isOwn: false);
            }

            return;
        }

        if (vrf.RemoteLearning != true)
        {
            return;
        }

        if (!targets.TryGetValue(key, out RouteTarget? target))
        {
            SeenPlace wanted = place;
            target = vrf.TargetByNextHop.Values.Where(known => known.Held is not null && known.Group is null && known.Spec.Address == wanted.Address)
                .OrderBy(known => known.Spec.Encap == wanted.Encap ? 0 : 1).FirstOrDefault();
            targets.Add(key, target);
        }

        if (target is not null)
        {
            LearnRemote(vrf, mac, target);
        }
        else
        {
            LearnFromStranger(vrf, new LearnHint { Vni = vrf.Vni, Mac = mac, Source = place.Address, Encap = place.Encap, SourceHasNoNextHop = true });
        }
    }
}
