using System.Runtime.CompilerServices;

namespace Overlay.Dataplane.Forwarding;

/// <summary>The last-use cell of an FDB entry that was looked up. Valid until the end of the batch it was looked up in.</summary>
public readonly struct FdbUse
{
    private readonly ushort[]? _epochs;
    private readonly int _slot;

    internal FdbUse(ushort[] epochs, int slot)
    {
        _epochs = epochs;
        _slot = slot;
    }

    /// <summary>Notes that the entry is in use. Stores only when the epoch differs, so that readers do not dirty a line they share.</summary>
    /// <param name="epoch">The current coarse epoch.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Touch(ushort epoch)
    {
        if (_epochs is { } epochs && epochs[_slot] != epoch)
            epochs[_slot] = epoch;
    }
}
