using System.Runtime.CompilerServices;
using Overlay.Dataplane.Diagnostics;
using Overlay.Encap;
using Overlay.Encap.Geneve;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Forwarding;

/// <summary>
/// The tunnel headers that frames from one port into one VNI may get, built once: with the VNI's policy id and the port's identity in them.
/// Immutable, shared by all workers.
/// </summary>
public sealed class TemplateSet
{
    private readonly EncapTemplate? _vxlan;
    private readonly EncapTemplate _geneveAdvisory;
    private readonly EncapTemplate _geneveCritical;
    private readonly AnomalyKind? _onVxlan;

    /// <summary>Makes the set.</summary>
    /// <param name="vni">The VNI's settings.</param>
    /// <param name="identity">The port's identity; null for none.</param>
    /// <param name="registry">Classes and types of our options.</param>
    public TemplateSet(VniSpec vni, uint? identity, GeneveOptionRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(vni);
        _geneveAdvisory = Geneve(vni, identity, registry, critical: false);
        _geneveCritical = vni.PolicyId is null ? _geneveAdvisory : Geneve(vni, identity, registry, critical: true);
        switch (vni.PolicyId, vni.OnVxlanPeer)
        {
            case (null, _):
                _vxlan = EncapTemplate.Vxlan();
                break;
            case ({ } id, VxlanPolicyAction.MapToGbp):
                _vxlan = EncapTemplate.VxlanGbp((ushort)id);
                _onVxlan = AnomalyKind.PolicyMappedToGbp;
                break;
            case (_, VxlanPolicyAction.Drop) when vni.PolicyRequired:
                break;
            default:
                _vxlan = EncapTemplate.Vxlan();
                _onVxlan = AnomalyKind.PolicyStripped;
                break;
        }
    }

    /// <summary>The header towards a next hop.</summary>
    /// <param name="spec">The next hop; not a group.</param>
    /// <param name="note">What is to be counted beside; null as a rule.</param>
    /// <returns>Null if the encapsulation cannot carry the policy that is required (<c>encap_cannot_carry_policy</c>).</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public EncapTemplate? For(in NextHopSpec spec, out AnomalyKind? note)
    {
        if (spec.Encap == EncapKind.Vxlan)
        {
            note = _onVxlan;
            return _vxlan;
        }

        note = null;
        return spec.PolicyOption == PolicyOptionMode.Critical ? _geneveCritical : _geneveAdvisory;
    }

    private static EncapTemplate Geneve(VniSpec vni, uint? identity, GeneveOptionRegistry registry, bool critical)
    {
        List<GeneveOption> options = [];
        if (vni.PolicyId is { } policy)
            options.Add(GeneveOption.Policy(registry, policy, critical));

        if (identity is { } source)
            options.Add(GeneveOption.Identity(registry, source, critical: false));

        return EncapTemplate.Geneve(options);
    }
}
