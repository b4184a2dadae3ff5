using System.Collections.Immutable;
using Overlay.Dataplane;
using static Overlay.Host.Metrics.Catalog.Define;

namespace Overlay.Host.Metrics.Catalog;

/// <summary>Peers, ports, and the underlay.</summary>
internal static class EndpointMetrics
{
    public static ImmutableArray<MetricDefinition> All { get; } =
    [
        Gauge("overlay_peer_up", One,
            "1 if frames can be sent to the peer: it is not down, and an address of its can be reached from one of ours. Peers in no VNI are left out.",
            ["peer"], MetricLimits.Peers, static (reading, to) =>
            {
                foreach (var peer in reading.Peers)
                {
                    to.Add(peer.IsUp ? 1 : 0, peer.Name);
                }
            }),
        Gauge("overlay_peer_mtu_bytes", Octets,
            "Octets that an inner IP packet to the peer may have, by what is known of the path; peers of the configuration.",
            ["peer"], MetricLimits.Peers, static (reading, to) =>
            {
                foreach (var peer in reading.Peers)
                {
                    if (peer.Mtu > 0)
                    {
                        to.Add(peer.Mtu, peer.Name);
                    }
                }
            }),
        Counter("overlay_peer_frames_total", "{datagram}",
            "Datagrams sent to (tx) and delivered from (rx) the peer.",
            ["peer", "dir"], MetricLimits.Peers * 2, static (reading, to) =>
            {
                foreach (var peer in reading.Peers)
                {
                    to.Add(peer.TxFrames, peer.Name, "tx");
                    to.Add(peer.RxFrames, peer.Name, "rx");
                }
            }),
        Counter("overlay_peer_bytes_total", Octets,
            "Octets of UDP payload in those datagrams.",
            ["peer", "dir"], MetricLimits.Peers * 2, static (reading, to) =>
            {
                foreach (var peer in reading.Peers)
                {
                    to.Add(peer.TxOctets, peer.Name, "tx");
                    to.Add(peer.RxOctets, peer.Name, "rx");
                }
            }),
        Gauge("overlay_port_up", One,
            "1 if the port's device is there and up; of a veth pair, its other end too.",
            ["port"], MetricLimits.Ports, static (reading, to) =>
            {
                foreach (var port in reading.Ports)
                {
                    to.Add(port.IsUp ? 1 : 0, port.Name);
                }

                foreach (var port in reading.MissingPorts)
                {
                    to.Add(0, port);
                }
            }),
        Counter("overlay_port_frames_total", Frames,
            "Frames from (tx) and to (rx) the port.",
            ["port", "dir"], MetricLimits.Ports * 2, static (reading, to) => EachPort(reading, to, static port => (port.TxFrames, port.RxFrames))),
        Counter("overlay_port_bytes_total", Octets,
            "Octets of those frames.",
            ["port", "dir"], MetricLimits.Ports * 2, static (reading, to) => EachPort(reading, to, static port => (port.TxOctets, port.RxOctets))),
        Gauge("overlay_port_mtu_bytes", Octets,
            "Octets that a packet from the port may have.",
            ["port"], MetricLimits.Ports, static (reading, to) =>
            {
                foreach (var port in reading.Ports)
                {
                    to.Add(port.Mtu, port.Name);
                }
            }),
        Counter("overlay_tap_queue_drops_total", Frames,
            "Frames of a tenant that the kernel dropped because the port's queue to us was full (a TAP's txqueuelen, the receive buffer of a veth end): the daemon was too slow. They are in no other number.",
            ["port"], MetricLimits.Ports, static (reading, to) =>
            {
                foreach (var port in reading.Ports)
                {
                    if (port.QueueDrops is { } drops)
                    {
                        to.Add(drops, port.Name);
                    }
                }
            }),
        Gauge("overlay_local_address_up", One,
            "1 if a device has the local VTEP address, and its link is up.",
            ["address"], 16, static (reading, to) =>
            {
                foreach (var local in reading.Dataplane.Underlay.Addresses.Take(16))
                {
                    to.Add(local is { Present: true, LinkUp: true } ? 1 : 0, local.Address.ToString());
                }
            }),
        Gauge("overlay_multicast_group_joined", One,
            "1 if the multicast group is joined on its device.",
            ["group", "device"], MetricLimits.Groups, static (reading, to) =>
            {
                foreach (var group in reading.Dataplane.Groups.Take(MetricLimits.Groups))
                {
                    to.Add(group.IsJoined ? 1 : 0, group.Group.ToString(), group.Device);
                }
            }),
    ];

    private static void EachPort(MetricsReading reading, MetricSeries<long> to, Func<DataplaneSnapshot.PortStatus, (long Tx, long Rx)> value)
    {
        foreach (var port in reading.Ports)
        {
            var (tx, rx) = value(port);
            to.Add(tx, port.Name, "tx");
            to.Add(rx, port.Name, "rx");
        }
    }
}
