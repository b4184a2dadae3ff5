using System.Text.Json.Serialization;

namespace Overlay.Cli.Lab;

/// <summary>
/// What <c>lab up</c> made or is about to make, as kept in <c>state.json</c>. It is written <em>before</em> each step, so that <c>lab down</c>
/// finds everything even after a crash half way.
/// </summary>
internal sealed record LabState
{
    /// <summary>The lab's name and the prefix of its namespaces.</summary>
    public required string Name { get; init; }

    /// <summary><c>vxlan</c> or <c>geneve</c>.</summary>
    public required string Encap { get; init; }

    /// <summary><c>ipv4</c> or <c>ipv6</c>.</summary>
    public required string Underlay { get; init; }

    /// <summary>True once every daemon was ready.</summary>
    public bool Ready { get; init; }

    /// <summary>The process that builds it.</summary>
    public required LabProcess Builder { get; init; }

    /// <summary>The daemon's executable.</summary>
    public required string Overlayd { get; init; }

    /// <summary>The namespace of the bridge between more than two VTEPs, or null.</summary>
    public string? Wire { get; init; }

    /// <summary>The hosts.</summary>
    public required IReadOnlyList<LabVtep> Vteps { get; init; }
}

/// <summary>A process, told apart from a later one of the same id by its start time in clock ticks since boot.</summary>
internal sealed record LabProcess(int Pid, long StartTicks);

/// <summary>One host of the lab.</summary>
internal sealed record LabVtep
{
    /// <summary><c>a</c>, <c>b</c> …</summary>
    public required string Name { get; init; }

    /// <summary>Its network namespace.</summary>
    public required string Netns { get; init; }

    /// <summary>Its underlay address.</summary>
    public required string UnderlayAddress { get; init; }

    /// <summary>The IPv4 address on its TAP, without the prefix length.</summary>
    public required string OverlayV4 { get; init; }

    /// <summary>The IPv6 address on its TAP, without the prefix length.</summary>
    public required string OverlayV6 { get; init; }

    /// <summary>Its TAP.</summary>
    public required string Tap { get; init; }

    /// <summary>The daemon's admin socket.</summary>
    public required string Socket { get; init; }

    /// <summary>The daemon's configuration.</summary>
    public required string Config { get; init; }

    /// <summary>What the daemon writes.</summary>
    public required string Log { get; init; }

    /// <summary>The daemon, once started.</summary>
    public LabProcess? Daemon { get; init; }
}

/// <summary>Serializers of the lab's files and outputs.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LabState))]
[JsonSerializable(typeof(LabStatusReport))]
[JsonSerializable(typeof(LabPingReport))]
[JsonSerializable(typeof(LabIperfReport))]
internal sealed partial class LabJsonContext : JsonSerializerContext;
