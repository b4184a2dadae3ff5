using Overlay.Control.Vteps;
using Overlay.Encap;

namespace Overlay.Control.Tables;

/// <content>
/// Withdraws by others than the owners. They come one by one, and only together can they be judged: an entry is marked, and when no more of them wait (50 ms later at the
/// latest) all that are marked go, or are held.
/// </content>
internal sealed partial class ControlCore
{
    /// <summary>True if planes have entries that wait for the judgement.</summary>
    private bool HasSuspects
    {
        get
        {
            foreach (PlaneState plane in _planes)
            {
                if (plane.Guard is { Suspects.Count: > 0, Walks: 0 })
                {
                    return true;
                }
            }

            return false;
        }
    }

    private bool IsSuspected(SourceState source, WithdrawCause cause, MacVrf vrf, int at)
    {
        if (!IsDoubted(source, cause))
        {
            return false;
        }

        ref Candidate candidate = ref vrf.Candidates[at];
        if (candidate.Hold == HoldMark.None)
        {
            candidate.Hold = HoldMark.Suspected;
            Suspect(source, new GuardState.Suspect(source, vrf.Vni, new MacAddress(vrf.Macs[candidate.Mac].Mac), default, null, null));
        }

        return true;
    }

    private bool IsSuspected(SourceState source, WithdrawCause cause, MacVrf vrf, (ushort Source, string Vtep) key, in FloodEntry entry)
    {
        if (!IsDoubted(source, cause))
        {
            return false;
        }

        if (entry.Hold == HoldMark.None)
        {
            vrf.Floods[key] = entry with { Hold = HoldMark.Suspected };
            Suspect(source, new GuardState.Suspect(source, vrf.Vni, default, default, key.Vtep, null));
        }

        return true;
    }

    private bool IsSuspected(SourceState source, WithdrawCause cause, MacVrf vrf, UnderlayAddress address, in NeighborEntry entry)
    {
        if (!IsDoubted(source, cause))
        {
            return false;
        }

        if (entry.Hold == HoldMark.None)
        {
            vrf.Neighbors[(address, source.Id)] = entry with { Hold = HoldMark.Suspected };
            Suspect(source, new GuardState.Suspect(source, vrf.Vni, default, address, null, null));
        }

        return true;
    }

    private bool IsDoubted(SourceState source, WithdrawCause cause) => cause == WithdrawCause.Foreign && IsGuarded(source.Plane);

    private static void Suspect(SourceState source, in GuardState.Suspect suspect)
    {
        source.Plane.Guard.Suspects.Add(suspect);
        source.Plane.Guard.Suspected++;
    }

    /// <summary>Removes what others than the owners took back, or holds it.</summary>
    private void JudgeSuspects()
    {
        foreach (PlaneState plane in _planes)
        {
            GuardState guard = plane.Guard;
            if (guard.Suspects.Count == 0 || guard.Walks > 0)
            {
                continue;
            }

            int count = guard.Suspected;
            bool isMass = IsGuarded(plane) && IsMass(plane, count);
            foreach (GuardState.Suspect suspect in guard.Suspects)
            {
                Judge(plane, suspect, isMass);
            }

            guard.Suspects.Clear();
            if (isMass)
            {
                BeginHold(plane, count);
            }
            else
            {
                guard.NoteRemoved(Now, count);
            }
        }
    }

    private void Judge(PlaneState plane, in GuardState.Suspect suspect, bool isMass)
    {
        SourceState source = suspect.Source;
        if (suspect.Described is { } described)
        {
            // Behind its routes. If they are held it is needed until they go.
            if (!isMass && source.HeldVteps.Remove(described))
            {
                _ = _vteps.Forget((vtep, of, _) => vtep == described && of == source);
            }

            return;
        }

        if (!_vrfs.TryGetValue(suspect.Vni.Value, out MacVrf? vrf))
        {
            return;
        }

        if (suspect.Vtep is { } name)
        {
            (ushort, string) key = (source.Id, name);
            if (vrf.Floods.TryGetValue(key, out FloodEntry flood) && flood.Hold == HoldMark.Suspected)
            {
                if (isMass)
                {
                    vrf.Floods[key] = flood with { Hold = Held(plane, flood.Hold) };
                }
                else
                {
                    RemoveFlood(vrf, key, flood);
                }
            }
        }
        else if (!suspect.Mac.IsZero)
        {
            int at = vrf.TryFind(suspect.Mac, out int mac) ? vrf.FindCandidate(mac, source.Id) : -1;
            if (at >= 0 && vrf.Candidates[at].Hold == HoldMark.Suspected)
            {
                if (isMass)
                {
                    vrf.Candidates[at].Hold = Held(plane, HoldMark.Suspected);
                    Publish(vrf, mac);
                }
                else
                {
                    RemoveRoute(vrf, at);
                }
            }
        }
        else if (vrf.Neighbors.TryGetValue((suspect.Address, source.Id), out NeighborEntry neighbor) && neighbor.Hold == HoldMark.Suspected)
        {
            if (isMass)
            {
                vrf.Neighbors[(suspect.Address, source.Id)] = neighbor with { Hold = Held(plane, neighbor.Hold) };
            }
            else
            {
                RemoveNeighbor(vrf, (suspect.Address, source.Id), neighbor);
                ForgetIfEmpty(vrf);
            }
        }
    }
}
