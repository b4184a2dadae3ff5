namespace Overlay.Host.Privileges;

/// <summary><c>privileges</c>: which of the capabilities it was started with the daemon keeps.</summary>
/// <param name="Mode">How that is decided.</param>
/// <param name="Listed">What to keep, for <see cref="PrivilegeMode.Listed"/>.</param>
public sealed record PrivilegeSpec(PrivilegeMode Mode, CapabilitySet Listed = default);

/// <summary>How it is decided which capabilities are kept.</summary>
public enum PrivilegeMode
{
    /// <summary>All that were given: the unit, the container or the operator has decided.</summary>
    Given,

    /// <summary>Those that the configuration needs (<see cref="PrivilegeNeeds"/>).</summary>
    Auto,

    /// <summary>Those that are listed.</summary>
    Listed,
}
