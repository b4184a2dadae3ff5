using Overlay.Encap;

namespace Overlay.Dataplane.Diagnostics;

/// <summary>
/// One sample of one reason, handed from a worker to the control side without a lock: the worker writes only while the cell is armed, the
/// control side reads only while it is filled, and the state changes hands by release and acquire.
/// </summary>
internal sealed class DropSampleCell
{
    private const int Armed = 0;
    private const int Filled = 1;
    private readonly byte[] _octets = new byte[DropSample.MaxLength];
    private int _length;
    private int _frameLength;
    private Vni _vni;
    private bool _hasVni;
    private UnderlayAddress _peer;
    private bool _hasPeer;
    private int _state;

    /// <summary>Worker: keeps the frame if a sample is wanted.</summary>
    internal void Offer(ReadOnlySpan<byte> frame, Vni? vni, UnderlayAddress? peer)
    {
        if (Volatile.Read(ref _state) != Armed)
            return;

        _length = Math.Min(frame.Length, DropSample.MaxLength);
        frame[.._length].CopyTo(_octets);
        _frameLength = frame.Length;
        _hasVni = vni.HasValue;
        _vni = vni.GetValueOrDefault();
        _hasPeer = peer.HasValue;
        _peer = peer.GetValueOrDefault();
        Volatile.Write(ref _state, Filled);
    }

    /// <summary>Control side: takes the sample, if there is one, and arms the cell again.</summary>
    internal DropSample? TryTake(DropReason reason, Direction direction)
    {
        if (Volatile.Read(ref _state) != Filled)
            return null;

        DropSample sample = new(reason, direction, _octets.AsMemory(0, _length).ToArray(), _frameLength, _hasVni ? _vni : null, _hasPeer ? _peer : null);
        Volatile.Write(ref _state, Armed);
        return sample;
    }
}
