namespace Overlay.Dataplane.Underlay;

/// <summary>A network device as the kernel has it now.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Index">Its interface index; 0 if there is none of that name.</param>
/// <param name="IsUp">It is administratively up and has carrier.</param>
public readonly record struct DeviceState(string Name, int Index, bool IsUp)
{
    /// <summary>Its MTU in octets; 0 if unknown.</summary>
    public int Mtu { get; init; }
}
