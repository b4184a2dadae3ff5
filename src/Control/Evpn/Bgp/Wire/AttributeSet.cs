using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>The attributes of an UPDATE but for the multiprotocol ones, judged. Kept by a decoder for the next UPDATE that has the same.</summary>
internal sealed class AttributeSet
{
    /// <summary>What came, in order, repetitions left out.</summary>
    public required byte[] Received { get; init; }

    /// <summary>The next hop it came with; default if none.</summary>
    public required UnderlayAddress NextHop { get; init; }

    /// <summary>What is wrong.</summary>
    public UpdateFaults Faults { get; set; }

    /// <summary>The strongest fault is treat-as-withdraw; <see cref="Error"/> is what it would have been before RFC 7606.</summary>
    public bool IsWithdraw { get; set; }

    /// <summary>For an UPDATE without a route to withdraw (RFC 7606 §5.2).</summary>
    public BgpError Error { get; set; }

    /// <summary>Ends the session whatever else there is.</summary>
    public BgpError? Reset { get; set; }

    public bool HasOrigin { get; set; }

    public bool HasAsPath { get; set; }

    public bool HasNextHop { get; set; }

    public bool HasLocalPreference { get; set; }

    /// <summary>A router MAC is there (RFC 9135 §8.1), and it is a station's.</summary>
    public bool HasRouterMac { get; set; }

    /// <summary>A router MAC is there that is a group.</summary>
    public bool HasGroupRouterMac { get; set; }

    /// <summary>The attributes; null if <see cref="IsWithdraw"/>.</summary>
    public PathAttributes? Attributes { get; set; }
}
