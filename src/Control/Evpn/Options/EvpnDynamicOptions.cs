using Overlay.Encap;

namespace Overlay.Control.Evpn.Options;

/// <summary>Neighbours that connect to us from a prefix. We never connect to them.</summary>
public sealed record EvpnDynamicOptions : EvpnSessionOptions
{
    /// <summary>First address of the prefix.</summary>
    public required UnderlayAddress Prefix { get; init; }

    /// <summary>Bits of it, 0–32 or 0–128.</summary>
    public required int PrefixLength { get; init; }

    /// <summary>Neighbours at once, 1–10,000.</summary>
    public int Limit { get; init; } = 100;
}
