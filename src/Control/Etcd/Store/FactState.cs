namespace Overlay.Control.Etcd.Store;

/// <summary>What the store has of a fact, as far as we know.</summary>
internal enum FactState : byte
{
    /// <summary>Nothing of ours.</summary>
    None,

    /// <summary>Our value.</summary>
    Written,

    /// <summary>Our word that it is taken back; the key is deleted next.</summary>
    TakenBack,
}
