using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Rib;

/// <summary>Attributes that routes share, and what follows from them here. Under the lock of the table.</summary>
internal sealed class RouteAttributes(PathAttributes attributes)
{
    public PathAttributes Attributes { get; } = attributes;

    public int References { get; set; }

    /// <summary>The policy that what follows was found by; another one makes it void.</summary>
    public int PolicyVersion { get; set; }

    /// <summary>What is wrong with the next hop or the encapsulation.</summary>
    public PathProblem Problem { get; set; }

    /// <summary>What is wrong with the PMSI tunnel.</summary>
    public PathProblem TunnelProblem { get; set; }

    /// <summary>The encapsulation to send: the first of ours that it offers.</summary>
    public EncapKind Encap { get; set; }

    /// <summary>MAC mobility sequence; 0 without the community (RFC 7432 §15).</summary>
    public uint Sequence { get; set; }

    /// <summary>The sticky flag of MAC mobility (RFC 7432 §15.2).</summary>
    public bool IsSticky { get; set; }

    /// <summary>The R flag of RFC 9047; null without the community.</summary>
    public bool? IsRouter { get; set; }

    /// <summary>The VTEP's name: its next hop as text, one string for all that lead there.</summary>
    public string NextHopName { get; set; } = string.Empty;

    /// <summary>The same of the PMSI tunnel's end point.</summary>
    public string TunnelName { get; set; } = string.Empty;

    /// <summary>Length of the AS path (RFC 4271 §9.1.2.2).</summary>
    public int AsPathLength { get; } = attributes.AsPathLength;

    /// <summary>The neighbouring AS: the first of the path; 0 if it is empty.</summary>
    public uint NeighborAs { get; } = FirstAs(attributes);

    private static uint FirstAs(PathAttributes attributes)
    {
        foreach (AsSegment segment in attributes.AsPath)
        {
            if (segment.Kind == 2 && segment.Numbers.Length > 0)
            {
                return segment.Numbers[0];
            }

            if (segment.Kind == 1)
            {
                return 0;
            }
        }

        return 0;
    }
}
