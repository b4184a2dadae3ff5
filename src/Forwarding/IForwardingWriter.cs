using Overlay.Encap;

namespace Overlay.Forwarding;

/// <summary>
/// The write side of the forwarding tables. <b>Threading:</b> every member is called by one thread at a time, the control loop; workers read
/// what is published without locks. <b>Errors:</b> a full table or an unknown VNI is a value; an index that was never given out is a
/// programming error and throws <see cref="ArgumentOutOfRangeException"/>. No member keeps a span it is given.
/// </summary>
public interface IForwardingWriter
{
    /// <summary>The coarse epoch that workers store with an entry when they see it used.</summary>
    ushort Epoch { get; }

    /// <summary>Defines a VTEP. Its state is <see cref="VtepState.Up"/>.</summary>
    /// <param name="name">Identity, for display; unique among the VTEPs in being.</param>
    VtepId DefineVtep(string name);

    /// <summary>Removes a VTEP. Its next hops have been released before.</summary>
    void RemoveVtep(VtepId vtep);

    /// <summary>Switches a VTEP on or off for all its next hops, by one write.</summary>
    void SetVtepState(VtepId vtep, VtepState state);

    /// <summary>Gives the next hop of a spec, a new one or the one in being; counts the reference.</summary>
    NextHopId AcquireNextHop(in NextHopSpec spec);

    /// <summary>Makes a group of next hops; a frame takes the member its flow hash selects among those whose VTEP is up.</summary>
    /// <param name="members">1 to 64 next hops, none of them a group. The caller keeps its references to them as long as the group lives.</param>
    NextHopId CreateGroup(ReadOnlySpan<NextHopId> members);

    /// <summary>Gives one reference back; the index is reused when none is left and every worker has passed a batch boundary.</summary>
    void ReleaseNextHop(NextHopId nextHop);

    /// <summary>True if the VNI is configured.</summary>
    bool HasVni(Vni vni);

    /// <summary>Writes an entry, new or changed. The caller has decided that it wins.</summary>
    /// <returns>False if the VNI is unknown or its table is at the limit of the whole daemon.</returns>
    bool TryWriteMac(Vni vni, MacAddress mac, FdbTarget target, FdbOrigin origin, FdbFlags flags);

    /// <summary>Removes an entry.</summary>
    /// <returns>False if there was none.</returns>
    bool RemoveMac(Vni vni, MacAddress mac);

    /// <summary>Reads an entry back.</summary>
    bool TryGetMac(Vni vni, MacAddress mac, out FdbRow row);

    /// <summary>Writes which MAC answers for a tenant's address, new or changed. Workers answer from it where the VNI suppresses ARP or neighbour discovery.</summary>
    /// <returns>False if the VNI is unknown.</returns>
    bool WriteNeighbor(Vni vni, UnderlayAddress address, in NeighborBinding binding);

    /// <summary>Removes a binding.</summary>
    /// <returns>False if there was none.</returns>
    bool RemoveNeighbor(Vni vni, UnderlayAddress address);

    /// <summary>Reads the coarse epoch in which a binding was last confirmed by traffic.</summary>
    /// <returns>False if there is none.</returns>
    bool TryGetNeighborUse(Vni vni, UnderlayAddress address, out ushort lastUse);

    /// <summary>Replaces the list of next hops that BUM frames of a VNI go to. No duplicates; groups are not allowed.</summary>
    /// <returns>False if the VNI is unknown.</returns>
    bool SetFloodList(Vni vni, ReadOnlySpan<NextHopId> nextHops);

    /// <summary>Replaces the list of outer sources that may send into a VNI.</summary>
    /// <returns>False if the VNI is unknown.</returns>
    bool SetAllowList(Vni vni, ReadOnlySpan<SourceAdmission> sources, ReadOnlySpan<UnderlayPrefix> prefixes);

    /// <summary>Switches remote learning of a VNI.</summary>
    /// <returns>False if the VNI is unknown.</returns>
    bool SetRemoteLearning(Vni vni, bool enabled);

    /// <summary>Writes that nobody has a MAC: where the VNI asks for unknown destinations, this one is not asked for. Known destinations are not looked up among these.</summary>
    /// <returns>False if the VNI is unknown.</returns>
    bool WriteNegative(Vni vni, MacAddress mac);

    /// <summary>Takes back what <see cref="WriteNegative"/> wrote.</summary>
    /// <returns>False if there was nothing.</returns>
    bool RemoveNegative(Vni vni, MacAddress mac);

    /// <summary>
    /// A miss was dealt with: frames to the MAC that wait at workers go, where the FDB says now or else as unknown unicast. Soon, not at once; workers that hold nothing are not disturbed.
    /// </summary>
    void ReleaseHeld(Vni vni, MacAddress mac);

    /// <summary>
    /// Lets frames grow old that wait at workers: one that has been through more than <paramref name="turns"/> calls goes as if it was released. What keeps a miss that was lost on the way
    /// from holding frames for ever; called about once a second.
    /// </summary>
    void AgeHeld(int turns);

    /// <summary>Ticks the coarse epoch by one (it wraps).</summary>
    void AdvanceEpoch();

    /// <summary>
    /// Takes learn hints of all workers, oldest first within a worker. To call it again says that those of the last call have been dealt with: before that, no index
    /// they name means something else.
    /// </summary>
    /// <returns>The number written to <paramref name="hints"/>.</returns>
    int ReadHints(Span<LearnHint> hints);

    /// <summary>
    /// Asks to be told once that there are hints. The worker that adds the next one calls <paramref name="wake"/>, and no worker does so again before it is
    /// asked for again; so whoever is awake anyway costs workers nothing.
    /// </summary>
    /// <param name="wake">Runs on a worker's thread: it neither waits nor throws. The same one every time.</param>
    /// <returns>False if there are hints already; <paramref name="wake"/> may be called all the same.</returns>
    bool AwaitHint(Action wake);

    /// <summary>
    /// Lists up to <paramref name="rows"/>.Length entries of a VNI from a cursor (0 to begin); the cursor is 0 again at the end.
    /// An entry written or removed meanwhile may or may not be seen; none is seen twice unless the table was rebuilt in between.
    /// </summary>
    int ReadMacs(Vni vni, ref int cursor, Span<FdbRow> rows);
}
