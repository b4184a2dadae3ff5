using Overlay.Control.Vteps;
using Overlay.Encap;

namespace Overlay.Control.Tables;

/// <summary>A VTEP's share of one VNI. Rebuilt when the VNI settles; only <see cref="Seen"/> changes in between.</summary>
internal sealed class VrfPeer(VtepIdentity vtep)
{
    public VtepIdentity Vtep { get; } = vtep;

    /// <summary>Encapsulation that the configuration names for this VTEP in this VNI.</summary>
    public EncapKind? Override { get; set; }

    /// <summary>One as a rule, and there are as many lists as peers in all VNIs together.</summary>
    public List<RouteTarget> Targets { get; } = new(1);

    /// <summary>Targets of flood routes, with the rank of who gave them.</summary>
    public List<(int Rank, int Source, RouteTarget Target)> Floods { get; } = new(1);

    /// <summary>Routes of planes that lead to it in this VNI.</summary>
    public int RouteReferences { get; set; }

    /// <summary>MACs learned from it in this VNI.</summary>
    public int Seen { get; set; }

    public bool IsAdmitted => RouteReferences > 0 || Targets.Exists(static t => t.IsImplicit);

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        Override = null;
        Targets.Clear();
        Floods.Clear();
        RouteReferences = 0;
        Seen = 0;
    }

    /// <summary>The target that stands for it: of its best flood route, else of any route that is usable.</summary>
    public RouteTarget? Main
    {
        get
        {
            foreach ((_, _, RouteTarget target) in Floods)
            {
                if (target.Current is not null)
                {
                    return target;
                }
            }

            return Targets.Find(static t => t.Current is not null);
        }
    }
}
