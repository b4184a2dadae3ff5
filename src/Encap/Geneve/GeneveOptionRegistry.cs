using System.Collections.Frozen;

namespace Overlay.Encap.Geneve;

/// <summary>
/// The options an end point understands: the three of the product, whose class and type are configurable, and any others. Immutable,
/// so it may be shared by all threads. See docs/wire/options.md for the layouts.
/// </summary>
public sealed class GeneveOptionRegistry
{
    private readonly FrozenSet<uint> _others;
    private readonly uint _policyKey;
    private readonly uint _telemetryKey;
    private readonly uint _identityKey;

    /// <summary>Makes a registry.</summary>
    /// <param name="policy">Name of the security policy option.</param>
    /// <param name="telemetry">Name of the telemetry option.</param>
    /// <param name="identity">Name of the source identity option.</param>
    /// <param name="others">Further options that are understood, in that a critical one is no reason to drop.</param>
    /// <exception cref="ArgumentException">Two of the three options have the same name.</exception>
    public GeneveOptionRegistry(GeneveOptionId policy, GeneveOptionId telemetry, GeneveOptionId identity, IEnumerable<GeneveOptionId>? others = null)
        : this(others)
    {
        if (policy == telemetry || policy == identity || telemetry == identity)
        {
            throw new ArgumentException("policy, telemetry and identity options need three different names", nameof(policy));
        }

        Policy = policy;
        Telemetry = telemetry;
        Identity = identity;
        _policyKey = policy.Key;
        _telemetryKey = telemetry.Key;
        _identityKey = identity.Key;
    }

    private GeneveOptionRegistry(IEnumerable<GeneveOptionId>? others)
    {
        _others = (others ?? []).Select(static id => id.Key).ToFrozenSet();
        _policyKey = _telemetryKey = _identityKey = uint.MaxValue;
    }

    /// <summary>
    /// The classes of the product's specification: policy 0x0102/1, telemetry 0x0103/2, identity 0x0104/3. They belong to others by IANA
    /// (OVN, INT, VMware): use <see cref="Experimental"/> or names of your own where those are met.
    /// </summary>
    public static GeneveOptionRegistry Default { get; } = new(new(0x0102, 1), new(0x0103, 2), new(0x0104, 3));

    /// <summary>The same options in the experimental range of RFC 8926 7: 0xFFF0/1, 0xFFF1/2, 0xFFF2/3.</summary>
    public static GeneveOptionRegistry Experimental { get; } = new(new(0xFFF0, 1), new(0xFFF1, 2), new(0xFFF2, 3));

    /// <summary>Understands no option at all: every critical one is unknown.</summary>
    public static GeneveOptionRegistry Empty { get; } = new(others: null);

    /// <summary>Name of the security policy option.</summary>
    public GeneveOptionId Policy { get; }

    /// <summary>Name of the telemetry option.</summary>
    public GeneveOptionId Telemetry { get; }

    /// <summary>Name of the source identity option.</summary>
    public GeneveOptionId Identity { get; }

    /// <summary>The option is understood, in its critical form too.</summary>
    /// <param name="id">Class and type.</param>
    public bool IsKnown(GeneveOptionId id) => id.Key == _policyKey || id.Key == _telemetryKey || id.Key == _identityKey || IsOther(id.Key);

    /// <summary>The three keys, for the walk over an option area; <see cref="uint.MaxValue"/> where an option has no name.</summary>
    internal (uint Policy, uint Telemetry, uint Identity) Keys => (_policyKey, _telemetryKey, _identityKey);

    /// <summary>Understood, though none of our three.</summary>
    /// <param name="key"><see cref="GeneveOptionId.Key"/>.</param>
    internal bool IsOther(uint key) => _others.Count != 0 && _others.Contains(key);
}
