namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>
/// What an UPDATE says. Borrows the octets it was decoded from. <see cref="Unreach"/> is to be applied before <see cref="Reach"/>: a route that stands in both is
/// announced (RFC 4271 §4.3).
/// </summary>
public readonly ref struct UpdateResult
{
    /// <summary>
    /// EVPN routes that are announced, for <see cref="EvpnNlriReader"/>, which meets nothing in them but routes to skip. With <see cref="TreatAsWithdraw"/> they are
    /// withdrawn. Empty if there is a <see cref="Reset"/>.
    /// </summary>
    public ReadOnlySpan<byte> Reach { get; init; }

    /// <summary>EVPN routes that are withdrawn, likewise.</summary>
    public ReadOnlySpan<byte> Unreach { get; init; }

    /// <summary>The attributes of <see cref="Reach"/>; null if there is none, or it is to be withdrawn.</summary>
    public PathAttributes? Attributes { get; init; }

    /// <summary>The routes of <see cref="Reach"/> are to be withdrawn (RFC 7606 §2).</summary>
    public bool TreatAsWithdraw { get; init; }

    /// <summary>End-of-RIB of the EVPN family (RFC 4724 §2).</summary>
    public bool IsEndOfRib { get; init; }

    /// <summary>What the session is to be ended with, or null.</summary>
    public BgpError? Reset { get; init; }

    /// <summary>
    /// The family is to be ignored from here on (RFC 4760 §7). Never so: where RFC 7606 leaves the choice the session is reset, because one whose only family is off
    /// is of no use and does not come back by itself.
    /// </summary>
    public bool DisablesFamily { get; init; }

    /// <summary>What was wrong and leaves the session up.</summary>
    public UpdateFaults Faults { get; init; }
}
