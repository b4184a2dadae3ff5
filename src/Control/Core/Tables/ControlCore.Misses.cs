using Overlay.Control.Queries;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <content>
/// Destinations that are asked for: a worker holds a frame and tells, planes are asked once a MAC, and whatever comes of it the worker hears. A positive answer is a route like any other,
/// written at once; the first one counts. A negative one counts when all planes that were asked have given it. Who answers too late is not waited for.
/// </content>
internal sealed partial class ControlCore
{
    private readonly Dictionary<(uint Vni, ulong Mac), Miss> _misses = [];
    private readonly Dictionary<(uint Vni, ulong Mac), uint> _negative = [];
    private uint _missesDue = uint.MaxValue;
    private uint _negativeDue = uint.MaxValue;
    private long _missesAsked;
    private long _missesAnswered;
    private long _missesNobody;
    private long _missesUnanswered;
    private long _missesRefused;

    public MissCounters MissCounters() => new(_missesAsked, _missesAnswered, _missesNobody, _missesUnanswered, _missesRefused, _misses.Count, _negative.Count);

    /// <summary>A plane says that nobody has a MAC; remembered for a while, and for no more MACs than the limit. Frames that wait for it go, unless another plane may still know.</summary>
    /// <param name="plane">The plane.</param>
    /// <param name="vni">The VNI.</param>
    /// <param name="mac">The MAC.</param>
    /// <param name="hold">For how long it is not asked for again.</param>
    public void NoSuchMac(PlaneState plane, Vni vni, MacAddress mac, TimeSpan hold)
    {
        (uint, ulong) key = (vni.Value, mac.Value);
        if (!_misses.TryGetValue(key, out Miss miss))
        {
            // Nobody waits. Of a MAC that another source knows it says nothing.
            if (_vrfs.TryGetValue(vni.Value, out MacVrf? vrf) && vrf.Spec is not null && !_writer.TryGetMac(vni, mac, out _))
            {
                PutNegative(vni, mac, hold);
            }

            return;
        }

        ulong left = miss.Planes & ~BitOf(plane);
        if (left != 0)
        {
            _misses[key] = miss with { Planes = left };
            return;
        }

        _missesNobody++;
        EndWithout(vni, mac, hold);
    }

    /// <summary>A plane answers a miss: its route is written now, whatever else waits to be settled.</summary>
    public void Answer(PlaneState plane, in MacRoute route)
    {
        Upsert(plane, null, route);
        (uint, ulong) key = (route.Vni.Value, route.Mac.Value);
        if (!_misses.ContainsKey(key))
        {
            return;
        }

        // The first from its VTEP: what that means is found when the VNI settles, and frames wait.
        if (_vrfs.TryGetValue(route.Vni.Value, out MacVrf? vrf) && vrf.IsDirty)
        {
            Rebind();
            Settle(vrf);
            Release();
        }

        if (_misses.ContainsKey(key))
        {
            // It leads nowhere we can send to.
            NoSuchMac(plane, route.Vni, route.Mac, _options.UnansweredHold);
        }
    }

    private static ulong BitOf(PlaneState plane) => 1UL << (plane.Index & 63);

    private void MissHint(in LearnHint hint)
    {
        (uint, ulong) key = (hint.Vni.Value, hint.Mac.Value);
        bool isKnown = !_vrfs.TryGetValue(hint.Vni.Value, out MacVrf? vrf) || vrf.Spec is not { AsksOnMiss: true } || hint.Mac.IsMulticast || hint.Mac.IsZero
            || _negative.ContainsKey(key) || _writer.TryGetMac(hint.Vni, hint.Mac, out _);
        if (isKnown)
        {
            // Since the worker looked, or for another worker.
            _writer.ReleaseHeld(hint.Vni, hint.Mac);
            return;
        }

        if (_misses.ContainsKey(key))
        {
            return;
        }

        ulong asked = _misses.Count < _options.MissLimit ? Ask(hint.Vni, hint.Mac) : 0;
        if (asked == 0)
        {
            _missesRefused++;
            EndWithout(hint.Vni, hint.Mac, _options.UnansweredHold);
            return;
        }

        // The tenth of a second that has begun does not count.
        uint deadline = Now + Tenths(_options.MissTimeout) + 1;
        _missesAsked++;
        _misses.Add(key, new Miss(deadline, asked));
        _missesDue = Math.Min(_missesDue, deadline);
    }

    private ulong Ask(Vni vni, MacAddress mac)
    {
        ulong asked = 0;
        foreach (PlaneState plane in _planes)
        {
            if (plane is { AnswersMisses: true, IsRunning: true, Own.IsConnected: true } && plane.Feed.TryAsk(new LocalEvent { Kind = LocalEventKind.Miss, Vni = vni, Mac = mac }))
            {
                asked |= BitOf(plane);
            }
        }

        return asked;
    }

    /// <summary>A MAC was written: nobody asks for it any more, and what waits for it goes there.</summary>
    private void NoteKnown(Vni vni, MacAddress mac)
    {
        (uint, ulong) key = (vni.Value, mac.Value);
        if (_negative.Remove(key))
        {
            _ = _writer.RemoveNegative(vni, mac);
        }

        if (_misses.Remove(key))
        {
            _missesAnswered++;
            _writer.ReleaseHeld(vni, mac);
        }
    }

    /// <summary>What waits for a MAC goes as unknown unicast, and what comes within a time after it.</summary>
    private void EndWithout(Vni vni, MacAddress mac, TimeSpan hold)
    {
        _ = _misses.Remove((vni.Value, mac.Value));
        PutNegative(vni, mac, hold);
        _writer.ReleaseHeld(vni, mac);
    }

    private void PutNegative(Vni vni, MacAddress mac, TimeSpan hold)
    {
        (uint, ulong) key = (vni.Value, mac.Value);
        uint until = Now + Tenths(hold);
        if (!_negative.ContainsKey(key))
        {
            if (_negative.Count >= _options.NegativeAnswerLimit && Now >= _negativeDue)
            {
                ExpireNegative(Now);
            }

            // What has no room is not remembered: the next frame asks again.
            if (_negative.Count >= _options.NegativeAnswerLimit || !_writer.WriteNegative(vni, mac))
            {
                return;
            }
        }

        _negative[key] = until;
        _negativeDue = Math.Min(_negativeDue, until);
    }

    /// <summary>What the clock asks for: misses that nobody answered, and negative answers that are over.</summary>
    private void TendMisses(uint now)
    {
        if (now >= _missesDue)
        {
            _missesDue = uint.MaxValue;
            foreach (((uint vni, ulong mac), Miss miss) in _misses)
            {
                if (miss.Deadline <= now)
                {
                    _missesUnanswered++;
                    EndWithout(new Vni(vni), new MacAddress(mac), _options.UnansweredHold);
                }
                else
                {
                    _missesDue = Math.Min(_missesDue, miss.Deadline);
                }
            }
        }

        if (now >= _negativeDue)
        {
            ExpireNegative(now);
        }
    }

    private void ExpireNegative(uint now)
    {
        _negativeDue = uint.MaxValue;
        foreach (((uint vni, ulong mac), uint until) in _negative)
        {
            if (until <= now)
            {
                _ = _negative.Remove((vni, mac));
                _ = _writer.RemoveNegative(new Vni(vni), new MacAddress(mac));
            }
            else
            {
                _negativeDue = Math.Min(_negativeDue, until);
            }
        }
    }

    /// <summary>A VNI that asks no more, or is gone.</summary>
    private void ForgetMisses(Vni vni)
    {
        foreach ((uint of, ulong mac) in _misses.Keys)
        {
            if (of == vni.Value)
            {
                _missesUnanswered++;
                _ = _misses.Remove((of, mac));
                _writer.ReleaseHeld(vni, new MacAddress(mac));
            }
        }

        foreach ((uint of, ulong mac) in _negative.Keys)
        {
            if (of == vni.Value)
            {
                _ = _negative.Remove((of, mac));
                _ = _writer.RemoveNegative(vni, new MacAddress(mac));
            }
        }
    }

    /// <summary>A destination that is asked for.</summary>
    /// <param name="Deadline">Tenths of a second.</param>
    /// <param name="Planes">Those that were asked and have not said no, by <see cref="BitOf"/>.</param>
    private readonly record struct Miss(uint Deadline, ulong Planes);
}
