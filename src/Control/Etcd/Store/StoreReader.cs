using System.Collections.Immutable;
using Overlay.Control.Etcd.Client;
using Overlay.Control.Etcd.Model;
using Overlay.Encap;

namespace Overlay.Control.Etcd.Store;

/// <summary>Turns keys of the store, listed or watched, into routes. What cannot be understood is left out, counted and named. One caller at a time.</summary>
internal sealed class StoreReader(StoreContext context)
{
    private readonly EtcdValueParser _parser = new();

    /// <summary>A key has a value.</summary>
    /// <param name="kv">The key.</param>
    /// <param name="before">What it had before, if that is known.</param>
    /// <param name="list">The number of the list it is from; 0 for a watch.</param>
    public void Put(KeyValue kv, KeyValue? before, int list)
    {
        byte[] octets = kv.Key ?? [];
        EtcdFault fault = context.Schema.Parse(octets, out EtcdKey key);
        if (fault != EtcdFault.None)
        {
            context.Fault(fault, octets, kv.ModRevision);
            return;
        }

        fault = _parser.Parse(key, kv.Value ?? [], out EtcdValue value);
        if (fault != EtcdFault.None)
        {
            context.Fault(fault, octets, kv.ModRevision);
            if (key.Kind == EtcdKeyKind.Vtep && IsUs(key.Name))
            {
                if (context.Vtep.Damaged(kv.ModRevision, isDeleted: false))
                {
                    context.Fault(EtcdFault.OwnKeyChanged, octets, kv.ModRevision);
                }
            }
            else if (context.Facts.SawOther(key, kv.ModRevision, takeBack: true))
            {
                context.Fault(EtcdFault.OwnKeyChanged, octets, kv.ModRevision);
            }

            return;
        }

        context.Departures.Back(key, kv.Lease);
        switch (key.Kind)
        {
            case EtcdKeyKind.Vtep:
                Vtep(key, value, kv);
                break;
            case EtcdKeyKind.Moved:
                Moved(key, value, kv);
                break;
            default:
                if (IsUs(value.Vtep))
                {
                    Ours(key, value, kv, before, list);
                }
                else
                {
                    Theirs(key, value, kv, before);
                }

                break;
        }
    }

    /// <summary>Applies events in their order.</summary>
    public void Apply(List<WatchEvent> events)
    {
        foreach (WatchEvent change in events)
        {
            if (change?.Kv is not { Key: { } octets } kv)
            {
                continue;
            }

            if (!change.IsDelete)
            {
                context.Counters.Add(EtcdCounter.EventsPut);
                Put(kv, change.PrevKv, 0);
                continue;
            }

            context.Counters.Add(EtcdCounter.EventsDelete);
            if (context.Schema.Parse(octets, out EtcdKey key) == EtcdFault.None)
            {
                Deleted(key, kv, change.PrevKv);
            }
        }
    }

    private void Vtep(in EtcdKey key, in EtcdValue value, KeyValue kv)
    {
        if (IsUs(key.Name))
        {
            context.Vtep.Saw(value, kv);
            return;
        }

        context.VtepLeases.Set(value.Vtep, kv.Lease);
        ImmutableArray<UnderlayAddress> ours = context.Vtep.Addresses;
        var addresses = value.Addresses.RemoveAll(ours.Contains);
        if (addresses.Length != value.Addresses.Length)
        {
            string detail = $"{value.Vtep} says that it has an address of ours";
            context.Fault(EtcdFault.VtepClaimed, kv.Key, kv.ModRevision, detail);
            context.Claims.Raise(key.Name!, detail, lasts: true);
            if (addresses.IsEmpty)
            {
                // The tables use none of ours; without a description its routes would be forgotten, and it may be right tomorrow.
                addresses = value.Addresses;
            }
        }
        else
        {
            context.Claims.Over(key.Name!);
        }

        // Of what both can do, what we prefer.
        (EncapKind Kind, ushort Port)? encap = null;
        foreach (EncapKind preferred in context.Options.Encaps)
        {
            foreach ((EncapKind Kind, ushort Port) offered in value.Encaps)
            {
                if (encap is null && offered.Kind == preferred)
                {
                    encap = offered;
                }
            }
        }

        context.Sink.Vtep(new VtepDescription
        {
            Vtep = new VtepEndpoint(value.Vtep),
            Addresses = addresses,
            Encap = encap?.Kind,
            Port = encap?.Port ?? 0,
        });
    }

    private void Ours(in EtcdKey key, in EtcdValue value, KeyValue kv, KeyValue? before, int list)
    {
        if (context.Facts.SawOurs(key, kv.ModRevision, value.Sequence, kv.Lease == context.Lease.Current, list))
        {
            context.Fault(EtcdFault.OwnKeyChanged, kv.Key, kv.ModRevision);
        }

        // What another said of it is no more. In a list it is enough not to give it again.
        if (list == 0 && !value.Withdrawn && !(before is not null && _parser.Parse(key, before.Value ?? [], out EtcdValue old) == EtcdFault.None && IsUs(old.Vtep)))
        {
            context.Sink.Withdraw(key, byOwner: true);
        }
    }

    private void Theirs(in EtcdKey key, in EtcdValue value, KeyValue kv, KeyValue? before)
    {
        if (value.Withdrawn)
        {
            _ = context.Facts.SawOther(key, kv.ModRevision, takeBack: true);
            if (!context.VtepLeases.IsOf(value.Vtep, kv.Lease))
            {
                // Anybody can write that; its owner would have done so under its lease.
                context.Departures.Add(key, 0, kv.ModRevision);
                return;
            }

            if (context.IsOnDemand(key.Vni))
            {
                context.Misses.Forget(key);
            }

            context.Sink.Withdraw(key, byOwner: true);
            return;
        }

        switch (key.Kind)
        {
            case EtcdKeyKind.Member:
                context.Sink.Flood(key);
                break;
            case EtcdKeyKind.Neighbor:
                _ = context.Facts.SawOther(key, kv.ModRevision, takeBack: false);
                if (context.IsOnDemand(key.Vni))
                {
                    context.Misses.Told(key, value, kv.ModRevision);
                    break;
                }

                context.Sink.Neighbor(key, value);
                break;
            default:
                if (before is not null && _parser.Parse(key, before.Value ?? [], out EtcdValue old) == EtcdFault.None &&
                    !old.Withdrawn && !string.Equals(old.Vtep, value.Vtep, StringComparison.Ordinal) && value.Sequence <= old.Sequence)
                {
                    context.Fault(EtcdFault.MacTwoWriters, kv.Key, kv.ModRevision, $"{value.Vtep} after {old.Vtep}");
                }

                uint sequence = value.Sticky ? uint.MaxValue : value.Sequence;
                _ = context.Facts.SawOther(key, kv.ModRevision, takeBack: false, value.Vtep, sequence);
                if (context.Facts.Outranks(key, sequence))
                {
                    // A word from before ours, as of a store that went back: ours is written over it, and the tables need not hear of it.
                    break;
                }

                if (context.IsOnDemand(key.Vni))
                {
                    context.Misses.Told(key, value, kv.ModRevision);
                    break;
                }

                context.Sink.Mac(key, value);
                break;
        }
    }

    private void Moved(in EtcdKey key, in EtcdValue value, KeyValue kv)
    {
        if (!IsUs(key.Name))
        {
            return;
        }

        var mac = EtcdKey.OfMac(key.Vni, key.Mac);
        if (context.IsOnDemand(key.Vni) && !IsUs(value.Vtep))
        {
            // The note and the key were written in one transaction, so they have one revision.
            _ = context.Facts.SawOther(mac, kv.ModRevision, takeBack: false, value.Vtep, value.Sequence);
            context.Misses.Learn(mac, value, kv.ModRevision);
        }

        context.Writer.DropNote(kv.Key);
    }

    private void Deleted(in EtcdKey key, KeyValue kv, KeyValue? before)
    {
        bool isKnown = false;
        EtcdValue old = default;
        if (before is not null)
        {
            isKnown = _parser.Parse(key, before.Value ?? [], out old) == EtcdFault.None;
        }

        if (key.Kind == EtcdKeyKind.Moved)
        {
            return;
        }

        if (key.Kind == EtcdKeyKind.Vtep)
        {
            if (IsUs(key.Name))
            {
                context.Departures.NoteOwnLoss();
                if (context.Vtep.Damaged(kv.ModRevision, isDeleted: true))
                {
                    context.Fault(EtcdFault.OwnKeyChanged, kv.Key, kv.ModRevision, "deleted");
                }

                return;
            }

            context.VtepLeases.Remove(key.Name!);
            context.Claims.Over(key.Name!);
        }

        if (context.Facts.SawDeleted(key, kv.ModRevision))
        {
            context.Fault(EtcdFault.OwnKeyChanged, kv.Key, kv.ModRevision, "deleted");
        }

        if (isKnown && IsUs(old.Vtep))
        {
            return;
        }

        if (isKnown && old.Withdrawn && context.VtepLeases.IsOf(old.Vtep, before!.Lease))
        {
            context.Departures.Forget(key);
            context.Misses.Forget(key);
            context.Sink.Withdraw(key, byOwner: true);
            return;
        }

        context.Departures.Add(key, before?.Lease ?? 0, kv.ModRevision);
    }

    private bool IsUs(string? vtep) => string.Equals(vtep, context.Options.Node, StringComparison.Ordinal);
}
