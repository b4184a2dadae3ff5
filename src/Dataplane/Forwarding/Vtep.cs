using Overlay.Forwarding;

namespace Overlay.Dataplane.Forwarding;

/// <summary>A remote VTEP at run time: identity and state. Written by the control loop, read by workers.</summary>
public sealed class Vtep
{
    private byte _state;

    /// <summary>Makes a VTEP in state <see cref="VtepState.Up"/>.</summary>
    public Vtep(VtepId id, string name)
    {
        Id = id;
        Name = name;
    }

    /// <summary>Its index.</summary>
    public VtepId Id { get; }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What stands for it where floods are remembered, from its first address: its others are the same VTEP. Set before its first next hop is published.</summary>
    internal uint FloodSource { get; set; }

    /// <summary>Whether frames may be sent to it. Volatile: one write switches all its MACs.</summary>
    public VtepState State
    {
        get => (VtepState)Volatile.Read(ref _state);
        set => Volatile.Write(ref _state, (byte)value);
    }
}
