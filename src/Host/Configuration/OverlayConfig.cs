using System.Collections.Immutable;
using System.Net;
using Overlay.Control;
using Overlay.Control.Etcd.Options;
using Overlay.Control.Evpn.Options;
using Overlay.Control.StaticFile;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.Host.Privileges;

namespace Overlay.Host.Configuration;

/// <summary>A whole, validated configuration. Immutable; parts are compared by value when a reload decides what changed.</summary>
public sealed record OverlayConfig
{
    /// <summary><c>node.name</c>.</summary>
    public required string NodeName { get; init; }

    /// <summary><c>node.local</c> and <c>listen</c>. Needs a restart.</summary>
    public required UnderlaySpec Underlay { get; init; }

    /// <summary><c>workers</c>. Needs a restart.</summary>
    public required WorkerSpec Workers { get; init; }

    /// <summary><c>admin</c>. Needs a restart.</summary>
    public required AdminSpec Admin { get; init; }

    /// <summary><c>metrics</c>.</summary>
    public required MetricsSpec Metrics { get; init; }

    /// <summary><c>log</c>.</summary>
    public required LogSpec Log { get; init; }

    /// <summary><c>privileges</c>. Needs a restart.</summary>
    public required PrivilegeSpec Privileges { get; init; }

    /// <summary><c>state.directory</c>: an absolute path. Needs a restart.</summary>
    public required string StateDirectory { get; init; }

    /// <summary><c>ports</c>, <c>vnis</c> and <c>options</c>.</summary>
    public required TopologySpec Topology { get; init; }

    /// <summary><c>peers</c> and <c>macs</c>.</summary>
    public required StaticRoutes Routes { get; init; }

    /// <summary><c>control.precedence</c>, the strongest first. Needs a restart.</summary>
    public required ImmutableArray<FdbOrigin> Precedence { get; init; }

    /// <summary><c>control.guard</c>.</summary>
    public GuardOptions Guard { get; init; } = new();

    /// <summary><c>control.stale_hold</c>; null for ever.</summary>
    public TimeSpan? StaleHold { get; init; }
    /// <summary><c>control.evpn</c> and <c>vnis[].evpn</c>; null if the plane is off.</summary>
    public EvpnOptions? Evpn { get; init; }

    /// <summary><c>control.etcd</c> and <c>vnis[].etcd</c>; null if the plane is off. Needs a restart, but for the modes of VNIs.</summary>
    public EtcdOptions? Etcd { get; init; }
}

/// <summary><c>workers</c>.</summary>
/// <param name="Count">Worker threads a direction, 1–16; null for automatic.</param>
/// <param name="Cpus">Processors to pin them to, in turn; empty for none.</param>
/// <param name="Spin">How long they poll after the last frame before they block, 0–1000 µs.</param>
/// <param name="Lane">Whether short frames have a priority lane where the kernel allows it.</param>
public sealed record WorkerSpec(int? Count, ImmutableArray<int> Cpus, TimeSpan Spin, bool Lane)
{
    /// <inheritdoc/>
    public bool Equals(WorkerSpec? other) => other is not null && Count == other.Count && Spin == other.Spin && Lane == other.Lane && Cpus.SequenceEqual(other.Cpus);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Count, Spin, Lane, Cpus.Length);
}

/// <summary><c>admin</c>.</summary>
/// <param name="Socket">Absolute path of the Unix socket, at most 107 octets.</param>
public sealed record AdminSpec(string Socket);

/// <summary><c>metrics</c>.</summary>
/// <param name="Listen">Address and port of the metrics listener; null for none.</param>
/// <param name="Otlp">Where they are pushed; null for nowhere.</param>
public sealed record MetricsSpec(IPEndPoint? Listen, OtlpSpec? Otlp = null)
{
    /// <summary>The address without a configuration: loopback alone.</summary>
    public static IPEndPoint DefaultListen { get; } = new(IPAddress.Loopback, 9478);
}

/// <summary><c>metrics.otlp</c>.</summary>
/// <param name="Endpoint">The collector: an http or https URL.</param>
/// <param name="IsGrpc">OTLP over gRPC; otherwise over HTTP, in protobuf.</param>
/// <param name="Interval">Time between two pushes, 1 s–1 h.</param>
public sealed record OtlpSpec(Uri Endpoint, bool IsGrpc, TimeSpan Interval);

/// <summary><c>log</c>.</summary>
/// <param name="Level">The least level written.</param>
public sealed record LogSpec(LogLevel Level);
