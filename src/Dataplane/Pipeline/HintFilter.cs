using Overlay.Dataplane.Diagnostics;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Dataplane.Pipeline;

/// <summary>
/// What a worker puts in front of its <see cref="LearnRing"/>: of the frames of one batch with the same source in the same VNI, one makes a hint. So a flow that
/// starts, or one that the control loop does not want to learn, costs one hint a batch and not one a frame.
/// </summary>
internal sealed class HintFilter(LearnRing ring, WorkerCounters counters)
{
    private const int Size = 64;
    private readonly LearnRing _ring = ring;
    private readonly WorkerCounters _counters = counters;
    private readonly ulong[] _macs = new ulong[Size];
    private readonly uint[] _vnis = new uint[Size];
    private readonly uint[] _batches = new uint[Size];
    private uint _batch;

    internal void BeginBatch() => _batch++;

    internal void Add(in LearnHint hint)
    {
        ulong mac = hint.Mac.Value;
        uint vni = hint.Vni.Value;
        int cell = (int)((mac ^ (mac >> 24) ^ vni) & (Size - 1));
        if (_batches[cell] == _batch && _macs[cell] == mac && _vnis[cell] == vni)
            return;

        if (!_ring.TryAdd(hint))
        {
            _counters.AddAnomaly(AnomalyKind.LearnHintLost);
            return;
        }

        _batches[cell] = _batch;
        _macs[cell] = mac;
        _vnis[cell] = vni;
    }
}
