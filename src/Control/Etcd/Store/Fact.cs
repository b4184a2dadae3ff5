using Overlay.Control.Etcd.Model;
using Overlay.Encap;

namespace Overlay.Control.Etcd.Store;

/// <summary>
/// Something of our side that is, or is to be, in the store. Fields change under the lock of <see cref="LocalFacts"/>. A struct in a pool: a VTEP may have as many
/// as it has MACs.
/// </summary>
internal struct Fact
{
    public EtcdKey Key { get; set; }

    /// <summary>It is so; else its key is to go.</summary>
    public bool Desired { get; set; }

    public uint Sequence { get; set; }

    /// <summary>The MAC of a neighbour.</summary>
    public MacAddress Mac { get; set; }

    public FactState State { get; set; }

    /// <summary>The revision its key was last changed at, as far as we know; 0 for no key.</summary>
    public long Belief { get; set; }

    /// <summary>Who has to be told that the MAC left it.</summary>
    public string? LeftVtep { get; set; }

    /// <summary>Another has the MAC with <see cref="Heard"/>: it is not written before our sequence is above that, or the other's word is gone.</summary>
    public bool IsBeaten { get; set; }

    public uint Heard { get; set; }

    /// <summary>The round of facts it was told in last.</summary>
    public int Round { get; set; }

    /// <summary>The list it was seen in last.</summary>
    public int List { get; set; }

    public bool IsQueued { get; set; }

    public bool IsInFlight { get; set; }

    /// <summary>It changed while a write of it was under way.</summary>
    public bool IsChanged { get; set; }

    /// <summary>Writes in a row that met another value.</summary>
    public int Attempts { get; set; }
}
