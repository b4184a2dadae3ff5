using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Forwarding;
using Overlay.Encap;

namespace Overlay.Dataplane.Pipeline;

/// <summary>
/// What was decided about a datagram to one local port, and what of it was looked at: its outer facts, tunnel header, inner addresses and type. A datagram that
/// is equal in these has the same verdict within the batch; datagrams of a flow come in runs. Owned by one worker.
/// </summary>
internal sealed class Verdict
{
    private const int AddressesAndTypeLength = 14;
    private const int MaxTunnelHeaderLength = 260;
    private readonly byte[] _octets = new byte[MaxTunnelHeaderLength + AddressesAndTypeLength];
    private int _length;
    private DatagramInfo _outer;

    /// <summary>Octets of the tunnel header.</summary>
    internal int InnerOffset { get; private set; }

    /// <summary>The next hop that answers to the outer source; negative for none.</summary>
    internal int SourceHop { get; private set; }

    /// <summary>The port, in its VNI.</summary>
    internal DomainPort Place { get; private set; } = null!;

    /// <summary>Forgets the verdict: another batch may see other tables.</summary>
    internal void Forget() => _length = 0;

    /// <summary>Keeps the octets that are looked at, before anything changes them. There is no verdict yet.</summary>
    /// <param name="datagram">The datagram; its inner frame has an Ethernet header.</param>
    /// <param name="outer">Its outer facts.</param>
    /// <param name="innerOffset">Octets of the tunnel header.</param>
    internal void Begin(ReadOnlySpan<byte> datagram, in DatagramInfo outer, int innerOffset)
    {
        _length = 0;
        InnerOffset = innerOffset;
        _outer = outer;
        datagram[..(innerOffset + AddressesAndTypeLength)].CopyTo(_octets);
    }

    /// <summary>The datagram that <see cref="Begin"/> saw goes to one local port.</summary>
    internal void Set(DomainPort place, int sourceHop)
    {
        Place = place;
        SourceHop = sourceHop;
        _length = InnerOffset + AddressesAndTypeLength;
    }

    /// <summary>True if the verdict is also this datagram's.</summary>
    internal bool Covers(ReadOnlySpan<byte> datagram, in DatagramInfo outer) =>
        _length != 0
        && datagram.Length >= _length
        && datagram[.._length].SequenceEqual(_octets.AsSpan(0, _length))
        && outer.Tos == _outer.Tos
        && outer.Encap == _outer.Encap
        && outer.Source.Equals(_outer.Source);
}
