using System.Collections.Immutable;
using Overlay.Encap;
using Overlay.Forwarding;

namespace Overlay.Control;

/// <summary>What a plane knows of a VTEP: who it is and how it is reached. A dual-stack VTEP is one description with several addresses.</summary>
public sealed record VtepDescription
{
    /// <summary>Identity.</summary>
    public required VtepEndpoint Vtep { get; init; }

    /// <summary>Addresses, the preferred first.</summary>
    public ImmutableArray<UnderlayAddress> Addresses { get; init; } = [];

    /// <summary>Source addresses it may send from besides <see cref="Addresses"/>.</summary>
    public ImmutableArray<UnderlayAddress> AlsoFrom { get; init; } = [];

    /// <summary>Encapsulation to send; null if the plane does not say.</summary>
    public EncapKind? Encap { get; init; }

    /// <summary>UDP destination port; 0 means the default of the encapsulation.</summary>
    public ushort Port { get; init; }

    /// <summary>How a policy option is marked towards it.</summary>
    public PolicyOptionMode PolicyOption { get; init; }

    /// <inheritdoc/>
    public bool Equals(VtepDescription? other) =>
        other is not null && Vtep == other.Vtep && Addresses.SequenceEqual(other.Addresses) && AlsoFrom.SequenceEqual(other.AlsoFrom) &&
        Encap == other.Encap && Port == other.Port && PolicyOption == other.PolicyOption;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Vtep, Addresses.Length, Encap, Port);
}
