using System.Text;
using Overlay.Control.Etcd.Model;
using Overlay.Encap;

namespace Overlay.Control.Etcd.Store;

/// <summary>Keys that are listed and watched together.</summary>
internal sealed class WatchRange(string prefix, Vni? vni)
{
    public byte[] Start { get; } = Encoding.UTF8.GetBytes(prefix);

    public byte[] End { get; } = EtcdSchema.End(prefix);

    public string Prefix { get; } = prefix;

    /// <summary>The VNI it is of; null for what belongs to none.</summary>
    public Vni? Vni { get; } = vni;

    /// <summary>The revision to watch from; 0 if it is to be listed first.</summary>
    public long Next { get; set; }

    /// <summary>What its first list lacks is withdrawn because that is asked for, and no guard has a word: another mode, or what is left of a run before.</summary>
    public bool IsMeant { get; set; }
}
