using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <summary>A port as the control loop knows it.</summary>
internal sealed class PortState(string name)
{
    public string Name { get; } = name;

    public PortId Id { get; set; }

    public int MacLimit { get; set; }

    public bool IsUp { get; set; } = true;

    /// <summary>Its own address, or zero.</summary>
    public MacAddress Mac { get; set; }

    /// <summary>MACs on it in all VNIs that count.</summary>
    public int Seen { get; set; }

    /// <summary>VNIs it is in.</summary>
    public HashSet<uint> Vnis { get; } = [];
}
