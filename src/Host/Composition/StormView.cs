using Overlay.Api;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Storm;
using Overlay.Encap;

namespace Overlay.Host.Composition;

/// <summary>Storm control in the API's form.</summary>
internal static class StormView
{
    private static readonly StormClass[] Classes = [StormClass.Broadcast, StormClass.UnknownUnicast, StormClass.Multicast];

    public static StormResponse Build(ForwardingTables tables, Vni? vni, TimeProvider time)
    {
        var rows = new List<StormRow>();
        foreach (var (domain, port, meter) in Meters(tables))
        {
            if (vni is null || domain == vni)
            {
                rows.AddRange(Classes.Where(kind => meter.LimitOf(kind) is not null || meter.Passed(kind) + meter.Dropped(kind) > 0).Select(kind => Row(domain, port, meter, kind, time)));
            }
        }

        return new StormResponse { Limits = rows };
    }

    /// <summary>The meters of all VNIs: the VNI, the port (null for the underlay) and the meter.</summary>
    public static IEnumerable<(Vni Vni, string? Port, StormMeter Meter)> Meters(ForwardingTables tables)
    {
        foreach (var domain in tables.Domains)
        {
            yield return (domain.Vni, null, domain.State.Storm);
            foreach (var place in domain.Ports.ToArray().OrderBy(place => place.Port.Spec.Name, StringComparer.Ordinal))
            {
                yield return (domain.Vni, place.Port.Spec.Name, place.Storm);
            }
        }
    }

    /// <summary>The word for a class.</summary>
    public static string Name(StormClass kind) => kind switch
    {
        StormClass.Broadcast => "broadcast",
        StormClass.UnknownUnicast => "unknown_unicast",
        _ => "multicast",
    };

    private static StormRow Row(Vni vni, string? port, StormMeter meter, StormClass kind, TimeProvider time) => new()
    {
        Vni = (int)vni.Value,
        Port = port,
        Class = Name(kind),
        Limit = meter.LimitOf(kind),
        Burst = meter.LimitOf(kind),
        Passed = meter.Passed(kind),
        Dropped = meter.Dropped(kind),
        Storms = meter.Storms(kind),
        LastDropSecondsAgo = meter.LastDrop(kind) is { } last ? Math.Round(time.GetElapsedTime(last).TotalSeconds, 1) : null,
    };
}
