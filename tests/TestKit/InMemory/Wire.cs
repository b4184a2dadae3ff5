using Overlay.Encap;

namespace Overlay.TestKit.InMemory;

/// <summary>One of the four wires that every behaviour is tested on.</summary>
/// <param name="Encap">Encapsulation.</param>
/// <param name="IsIPv6">Family of the underlay.</param>
public sealed record Wire(EncapKind Encap, bool IsIPv6)
{
    /// <summary>{VXLAN, Geneve} × {IPv4, IPv6}.</summary>
    public static IReadOnlyList<Wire> All { get; } =
        [new(EncapKind.Vxlan, false), new(EncapKind.Vxlan, true), new(EncapKind.Geneve, false), new(EncapKind.Geneve, true)];

    /// <summary>An address of the underlay, 1–254.</summary>
    public UnderlayAddress Address(int host) => UnderlayAddress.Parse(IsIPv6 ? $"2001:db8::{host:x}" : $"192.0.2.{host}");

    /// <inheritdoc/>
    public override string ToString() => $"{Encap} over {(IsIPv6 ? "IPv6" : "IPv4")}";
}
