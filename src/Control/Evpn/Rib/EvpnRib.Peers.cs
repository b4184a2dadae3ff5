namespace Overlay.Control.Evpn.Rib;

/// <content>Neighbours that come, and neighbours that are none any more.</content>
internal sealed partial class EvpnRib
{
    /// <summary>As long as the sessions know a neighbour of a prefix after its last connection.</summary>
    private static readonly TimeSpan PeerMemory = TimeSpan.FromSeconds(120);

    /// <summary>Neighbours that the control loop has routes of from before our restart, and that did not give everything again yet.</summary>
    private readonly HashSet<string> _restored = new(StringComparer.Ordinal);

    /// <summary>The control loop has routes of a neighbour from before our restart.</summary>
    public void Restore(string name)
    {
        lock (_gate)
        {
            _ = _restored.Add(name);
        }
    }

    /// <summary>
    /// A neighbour without a session is none any more: it was removed from the configuration. Its routes go at once; those too that the control loop has from before our
    /// restart, and nobody here knows of.
    /// </summary>
    public void Forget(string name)
    {
        RibPeer? peer;
        lock (_gate)
        {
            if (!_peerByName.TryGetValue(name, out peer))
            {
                // Before the plane runs there is nobody to tell; it asks again.
                if (_sink != NoSink.Instance && _restored.Remove(name))
                {
                    _sink.WithdrawAll(ResyncScope.OfSession(name));
                }

                return;
            }

            if (peer.Session is not null)
            {
                return;
            }

            peer.IsLeaving = true;
        }

        RemoveAll(peer);
    }

    /// <summary>
    /// Whether a peer without a session is done with: its routes have been stale for as long as they may be, or it came from a prefix, left nothing, and would stay in memory
    /// for ever.
    /// </summary>
    private bool IsOver(RibPeer peer, TimeSpan since) => peer.Routes > 0
        ? _staleHold is { } hold && since >= hold
        : since >= PeerMemory && !_restored.Contains(peer.Name) && !_policy.Options.Neighbors.Any(n => n.Address == peer.Facts.Peer);

    /// <summary>Takes all routes of a peer back at once; the control loop does the same, and no guard delays it. Without the lock.</summary>
    private void RemoveAll(RibPeer peer)
    {
        lock (_gate)
        {
            if (peer.Session is not null)
            {
                return;
            }

            // What it gave until now, the control loop takes back by itself.
            peer.IsSweeping = true;
            peer.Mark++;
        }

        Walk(at =>
        {
            if (_paths[at].Peer == peer.Id && peer.Session is null)
            {
                Remove(at);
            }
        });
        SettleSegments();
        lock (_gate)
        {
            peer.IsSweeping = false;
            if (peer.Session is not null)
            {
                // It is back already; its End-of-RIB sweeps what is left.
                return;
            }

            _ = _restored.Remove(peer.Name);
            _sink.WithdrawAll(ResyncScope.OfSession(peer.Name));
            if (_peerByName.Remove(peer.Name))
            {
                _peers[peer.Id] = null;
                _freePeers.Push(peer.Id);
            }
        }
    }

    private bool TryGetPeer(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out RibPeer? peer)
    {
        if (_peerByName.TryGetValue(name, out peer))
        {
            return true;
        }

        if (!_freePeers.TryPop(out ushort id))
        {
            if (_peers.Count > MaxPeers)
            {
                return false;
            }

            id = (ushort)_peers.Count;
            _peers.Add(null);
        }

        peer = new RibPeer(id, name);
        _peers[id] = peer;
        _peerByName.Add(name, peer);
        return true;
    }
}
