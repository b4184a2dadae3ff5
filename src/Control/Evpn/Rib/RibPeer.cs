using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Rib;

/// <summary>A neighbour as the table knows it: outlives its sessions, for its routes do. Under the lock of the table.</summary>
internal sealed class RibPeer(ushort id, string name)
{
    public ushort Id { get; } = id;

    /// <summary>Its name, and that of its session at the seam.</summary>
    public string Name { get; } = name;

    /// <summary>The session in being, or null.</summary>
    public IBgpSession? Session { get; set; }

    public BgpSessionFacts Facts { get; set; } = null!;

    /// <summary>Routes in its Adj-RIB-In.</summary>
    public int Routes { get; set; }

    /// <summary>Of these, stale.</summary>
    public int StaleRoutes { get; set; }

    /// <summary>Grows with each session, each loss and each framed refresh; routes carry the value they were given in.</summary>
    public uint Generation { get; set; } = 1;

    /// <summary>Routes below it are stale: their session was lost and they were not given again.</summary>
    public uint StaleBelow { get; set; } = 1;

    /// <summary>Between BoRR and EoRR (RFC 7313): routes below it go at the end. 0 otherwise.</summary>
    public uint RefreshBelow { get; set; }

    /// <summary>Time stamp of BoRR, while <see cref="RefreshBelow"/> is set.</summary>
    public long RefreshSince { get; set; }

    /// <summary>End-of-RIB came in this session.</summary>
    public bool HasEndOfRib { get; set; }

    /// <summary>Everything was given again in this session, by whatever sign.</summary>
    public bool IsInStep { get; set; }

    /// <summary>It says where what it gives again ends (RFC 4724 §2); another one may do so as well.</summary>
    public bool SendsEndOfRib => Facts.GracefulRestart is { HasFamily: true };

    /// <summary>Time stamp of the last opening or loss.</summary>
    public long Since { get; set; }

    /// <summary>The control loop was told of a beginning and not of an end.</summary>
    public bool IsResyncing { get; set; }

    /// <summary>Beginnings that the control loop was told of.</summary>
    public uint Mark { get; set; }

    /// <summary>Its routes are being swept; the control loop sweeps its own.</summary>
    public bool IsSweeping { get; set; }

    /// <summary>Its routes go because it was removed or said so, not because they were withdrawn.</summary>
    public bool IsLeaving { get; set; }

    public bool HasWarned { get; set; }

    /// <summary>Routes of this session were refused because all neighbours together gave too much; it is asked for them when there is room.</summary>
    public bool HasRefused { get; set; }

    /// <summary>Time stamp of when it was asked for refused routes; null if it was not.</summary>
    public long? AskedAt { get; set; }

    public bool IsOverLimit { get; set; }

    public int MaxPrefixes { get; set; }

    /// <summary>What was wrong and did not end the session, by a short name.</summary>
    public Dictionary<string, long> Faults { get; } = new(StringComparer.Ordinal);

    public bool IsInternal => Facts.IsInternal;

    public bool IsStale(in RibPath path) => path.Generation < StaleBelow;

    public void CountFault(string name, long count = 1) => Faults[name] = Faults.GetValueOrDefault(name) + count;
}
