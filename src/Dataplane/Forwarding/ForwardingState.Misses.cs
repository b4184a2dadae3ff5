using Overlay.Dataplane.Pipeline.Misses;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Dataplane.Forwarding;

/// <content>Destinations that are asked for: negative answers, and the frames that wait at workers.</content>
public sealed partial class ForwardingState
{
    // Far from what workers read for every frame: it is written for every MAC.
    private const int ChangeCell = 32;
    private readonly uint[] _changes = new uint[64];
    private readonly FdbBudget _negativeBudget = new(FdbBudget.DefaultLimit);
    private MissInbox[] _inboxes = [];

    /// <summary>Grows with everything that may answer a miss: a MAC, a negative answer, a topology. Any thread.</summary>
    internal uint ChangeCount => Volatile.Read(ref _changes[ChangeCell]);

    /// <summary>Frames that wait at workers for who has their destination. Any thread.</summary>
    public int HeldFrames
    {
        get
        {
            int sum = 0;
            foreach (MissInbox inbox in Volatile.Read(ref _inboxes))
                sum += inbox.Held;

            return sum;
        }
    }

    /// <inheritdoc/>
    public bool WriteNegative(Vni vni, MacAddress mac)
    {
        if (!_domains.TryGetValue(vni, out DomainState? domain))
            return false;

        domain.Negative ??= new Fdb(_negativeBudget);
        _ = domain.Negative.TryWrite(mac, default, FdbOrigin.Static, FdbFlags.None, Epoch);
        CountChange();
        return true;
    }

    /// <inheritdoc/>
    public bool RemoveNegative(Vni vni, MacAddress mac) => _domains.TryGetValue(vni, out DomainState? domain) && (domain.Negative?.Remove(mac) ?? false);

    /// <inheritdoc/>
    public void ReleaseHeld(Vni vni, MacAddress mac)
    {
        foreach (MissInbox inbox in Volatile.Read(ref _inboxes))
            inbox.Answer(vni, mac);
    }

    /// <inheritdoc/>
    public void AgeHeld(int turns)
    {
        foreach (MissInbox inbox in Volatile.Read(ref _inboxes))
            inbox.Age(turns);
    }

    /// <summary>Adds the inbox of a worker. Before workers start; one thread at a time.</summary>
    internal MissInbox AddMissInbox()
    {
        MissInbox inbox = new();
        Volatile.Write(ref _inboxes, [.. _inboxes, inbox]);
        return inbox;
    }

    // After what it counts was published.
    private void CountChange() => Volatile.Write(ref _changes[ChangeCell], _changes[ChangeCell] + 1);
}
