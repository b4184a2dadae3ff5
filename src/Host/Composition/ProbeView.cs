using System.Collections.Immutable;
using Overlay.Api;
using Overlay.Control.Queries;
using Overlay.Dataplane;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Probes;
using Overlay.Encap;
using Overlay.Host.Configuration;

namespace Overlay.Host.Composition;

/// <summary>Which probes there are to send, and what came of them.</summary>
/// <param name="config">The configuration in force.</param>
/// <param name="vteps">The VTEPs.</param>
/// <param name="peer">One of them by name; null for all.</param>
internal sealed class ProbeView(OverlayConfig config, ImmutableArray<VtepRow> vteps, string? peer)
{
    private const int MaxOfPeer = 16;
    private const int NetworkUnreachable = 101;
    private const int ConnectionRefused = 111;
    private const int HostUnreachable = 113;
    private readonly List<(VtepRow Row, ProbeTarget Target)> _targets = [];
    private int _leftOut;

    /// <summary>False if there is no such peer.</summary>
    public bool Exists => peer is null || vteps.Any(IsMeant);

    /// <summary>Each address of each peer in each of its VNIs, up to a number that neither side minds.</summary>
    public IReadOnlyList<ProbeTarget> Targets()
    {
        foreach (var row in vteps.Where(row => peer is null || IsMeant(row)).OrderBy(row => row.Name, StringComparer.Ordinal))
        {
            var ofPeer = 0;
            var families = config.Underlay.Local.Select(local => local.Family).ToHashSet();
            foreach (var (address, vni) in row.Addresses.Where(address => families.Contains(address.Family)).SelectMany(address => row.Vnis.Order().Select(vni => (address, vni))))
            {
                if (ofPeer == MaxOfPeer || _targets.Count == ProbeExchange.MaxTargets)
                {
                    _leftOut++;
                    continue;
                }

                var encap = EncapOf(row, vni);
                _targets.Add((row, new ProbeTarget(address, encap, PortOf(row, encap), vni)));
                ofPeer++;
            }
        }

        return [.. _targets.Select(target => target.Target)];
    }

    public ProbeResponse Build(IReadOnlyList<ProbeResult> results, TrafficSampler sampler, DataplaneSnapshot before, DataplaneSnapshot after) => new()
    {
        Probes = [.. results.Select((result, index) => Row(_targets[index].Row, result, sampler, after))],
        LeftOut = _leftOut,
        NetworkErrors = after.NetworkErrors
            .Select(error => (Name: NameOf(error.Key), Count: error.Value - before.NetworkErrors.GetValueOrDefault(error.Key)))
            .Where(error => error.Count > 0)
            .ToImmutableSortedDictionary(error => error.Name, error => error.Count, StringComparer.Ordinal),
    };

    private static ProbeInfo Row(VtepRow row, ProbeResult result, TrafficSampler sampler, DataplaneSnapshot snapshot) => new()
    {
        Peer = row.Name,
        Address = result.Target.Address.ToString(),
        Encap = FdbView.Encap(result.Target.Encap)!,
        Port = result.Target.Port,
        Vni = (int)result.Target.Vni.Value,
        State = result.Sent == 0 ? "not_sent" : result.Answered == 0 ? "not_answered" : result.Answered < result.Sent ? "partly" : "answered",
        Sent = result.Sent,
        Answered = result.Answered,
        RttSeconds = result.RoundTrip?.TotalSeconds,
        AnsweredFrom = result.Answered > 0 && result.From != result.Target.Address ? result.From.ToString() : null,
        Reason = result.Refused == DropReason.None ? null : DropReasons.Name(result.Refused),
        RxFrames = sampler.Peer(row.Name)?.RxFrames ?? 0,
        PathMtu = snapshot.PathMtus.Where(told => told.Destination == result.Target.Address && told.Mtu > 0).Select(told => (int?)told.Mtu).FirstOrDefault(),
    };

    private static string NameOf(int error) => error switch
    {
        NetworkUnreachable => "ENETUNREACH",
        ConnectionRefused => "ECONNREFUSED",
        HostUnreachable => "EHOSTUNREACH",
        _ => $"errno_{error}",
    };

    private bool IsMeant(VtepRow row) => row.Name == peer || row.AlsoKnownAs.Contains(peer!, StringComparer.Ordinal);

    private EncapKind EncapOf(VtepRow row, Vni vni)
    {
        var configured = config.Routes.Peers.FirstOrDefault(item => item.Vtep.Vtep.Name == row.Name);
        return configured?.Vnis.Where(item => item.Vni == vni).Select(item => item.Encap).FirstOrDefault() ?? row.Encap ?? EncapKind.Vxlan;
    }

    private ushort PortOf(VtepRow row, EncapKind encap)
    {
        if (row.Port != 0 && row.Encap == encap)
        {
            return row.Port;
        }

        var configured = config.Routes.Peers.FirstOrDefault(item => item.Vtep.Vtep.Name == row.Name)?.Vtep;
        return configured is { Port: not 0 } && configured.Encap == encap ? (ushort)configured.Port : encap == EncapKind.Geneve ? (ushort)6081 : (ushort)4789;
    }
}
