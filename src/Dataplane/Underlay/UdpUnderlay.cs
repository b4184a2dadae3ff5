using System.Collections.Immutable;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.HandOver;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Steering;
using Overlay.Encap;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Underlay;

/// <summary>
/// The underlay over UDP sockets. <b>Receiving:</b> a socket per worker, encapsulation and local address. <b>Sending:</b> a pool of sockets a family
/// whose ports are spread over the configured range, shared by all workers; a flow hash selects one, so that a flow keeps its source port whichever
/// worker sends it. Addresses and links may go and come back: the sockets are bound with IP_FREEBIND and stay.
/// </summary>
/// <remarks>
/// <b>Threading:</b> as <see cref="IUnderlay"/> says; <see cref="Dispose"/> after the workers have ended. One more thread reads the error queues of the
/// sending sockets, because an ICMP error that stays there fails a later datagram to somebody else.
/// </remarks>
public sealed class UdpUnderlay : IUnderlay
{
    private readonly UdpReceiver _receiver;
    private readonly UdpSender _sender;
    private readonly UnderlayErrorReader _errors;

    private readonly UnderlaySpec _spec;

    private UdpUnderlay(UdpReceiver receiver, UdpSocket[] sendIPv4, UdpSocket[] sendIPv6, UnderlaySpec spec, UnderlayErrorReader errors)
    {
        _spec = spec;
        _errors = errors;
        _receiver = receiver;
        _sender = new UdpSender(sendIPv4, sendIPv6);
    }

    /// <summary>True if there are sockets for the priority lane.</summary>
    public bool HasLane { get; private init; }

    /// <summary>UDP ports of the sending sockets of a family.</summary>
    public ImmutableArray<ushort> SourcePorts(AddressFamilyKind family) => [.. _sender.Sockets.ToArray().Where(socket => socket.Family == family).Select(socket => socket.LocalPort())];

    /// <summary>ICMP and local errors other than path MTU read from the error queues, by errno.</summary>
    public ImmutableSortedDictionary<int, long> Errors() => _errors.Counts();

    /// <summary>Opens the sockets. Not on a fast path. Sockets belong to the network namespace of the calling thread.</summary>
    /// <param name="spec">What to open.</param>
    /// <param name="workers">Workers that receive, 1 or more.</param>
    /// <param name="fault">Told what reading an error queue threw; the reader goes on.</param>
    /// <param name="paths">Told what the error queues say of path MTUs, on a thread of the underlay's own; null where nobody wants to know.</param>
    /// <param name="portSeed">
    /// Which port of its share of the range a sending socket tries first, so that strangers cannot know it: secret, and the same over a restart. Zero: the first one.
    /// </param>
    /// <param name="withLane">
    /// Opens a socket more for each encapsulation and local address, for the priority lane: that of a worker after the others (<see cref="HasLane"/>, unless the kernel refuses).
    /// </param>
    /// <param name="inherited">What the process before left open; null if there was none.</param>
    public static UdpUnderlayResult Open(UnderlaySpec spec, int workers, Action<Exception>? fault = null, bool withLane = false, PathMtuTable? paths = null, ulong portSeed = 0, InheritedDescriptors? inherited = null)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        var opener = new UdpUnderlayOpener(spec, portSeed, inherited);
        var receiver = new UdpReceiver(opener.OpenReceivers(workers, withLane));
        if (opener.LaneError < 0)
        {
            receiver.Dispose();
            opener.GiveUpAdopted();
            withLane = false;
            receiver = new UdpReceiver(opener.OpenReceivers(workers, withLane: false));
        }

        UdpSocket[] sendIPv4 = opener.OpenSenders(AddressFamilyKind.IPv4);
        UdpSocket[] sendIPv6 = opener.OpenSenders(AddressFamilyKind.IPv6);
        if (opener.Errors.Count == 0)
        {
            var errors = new UnderlayErrorReader([.. sendIPv4, .. sendIPv6], fault, paths);
            return new UdpUnderlayResult(new UdpUnderlay(receiver, sendIPv4, sendIPv6, spec, errors) { HasLane = withLane }, [], opener.Warnings.ToImmutable());
        }

        receiver.Dispose();
        Array.ForEach(sendIPv4, socket => socket.Dispose());
        Array.ForEach(sendIPv6, socket => socket.Dispose());
        return new UdpUnderlayResult(null, opener.Errors.ToImmutable(), opener.Warnings.ToImmutable());
    }

    /// <summary>The receiving sockets.</summary>
    internal UdpReceiver Receiver => _receiver;

    /// <inheritdoc cref="UdpReceiver.Lanes"/>
    internal ImmutableArray<LaneTable?> Lanes(int worker) => _receiver.Lanes(worker);

    /// <inheritdoc/>
    public ReadOnlySpan<int> PollDescriptors(int worker) => _receiver.PollDescriptors(worker);

    /// <inheritdoc/>
    public bool Receive(int worker, int socket, DatagramBatch batch) => _receiver.Receive(worker, socket, batch);

    /// <inheritdoc/>
    public int Send(TxBatch batch, FrameOutcomes outcomes)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(outcomes);
        return _sender.Send(batch, outcomes);
    }

    /// <summary>The receiving sockets with what the kernel dropped at them.</summary>
    public ImmutableArray<UnderlaySocket> Sockets() => _receiver.Describe();

    /// <summary>
    /// Binds all sockets to their device again, where there is one: a device that was removed and made again has another index, and a socket remembers the index.
    /// In the network namespace of <see cref="Open"/>; one caller at a time.
    /// </summary>
    /// <param name="isReplaced">Whether receiving sockets were replaced under their descriptors: who polls these has to begin anew. A change of a device that is still there replaces none.</param>
    /// <returns>Why it failed; null if it did not.</returns>
    public string? RebindDevice(out bool isReplaced)
    {
        isReplaced = false;
        if (_spec.Device is not string device)
            return null;
        int worst = 0;
        foreach (UdpSocket socket in _sender.Sockets)
            worst = Math.Min(worst, socket.BindDevice(device));
        if (worst < 0)
            return $"device '{device}': {Errno.Describe(worst)}";

        // The first sender was just bound by the device's name, so it knows the index.
        var errors = new List<string>();
        isReplaced = _receiver.Rebind(device, _sender.Sockets[0].BoundDevice(), _spec, errors);
        return errors.Count == 0 ? null : string.Join("; ", errors);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _errors.Dispose();
        _receiver.Dispose();
        _sender.Dispose();
    }
}
