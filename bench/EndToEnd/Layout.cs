namespace Overlay.EndToEnd;

/// <summary>What stands between the tenants and the overlay's devices.</summary>
internal enum Layout
{
    /// <summary>The tenant's address is on the overlay's device.</summary>
    Host,

    /// <summary>As <see cref="Host"/>, but the far host has 16 underlay addresses and 16 MACs behind them.</summary>
    Many,

    /// <summary>The overlay's device is a port of a bridge, the tenant is behind a veth of that bridge.</summary>
    Bridge,
}
