namespace Overlay.EndToEnd.Lab;

/// <summary>A way to run overlayd.</summary>
internal sealed record OverlaydVariant
{
    public required string Name { get; init; }

    public required string Description { get; init; }

    public string Encap { get; init; } = "vxlan";

    /// <summary>Geneve options on every frame.</summary>
    public bool Options { get; init; }

    public bool IPv6 { get; init; }

    /// <summary>The port is one end of a veth instead of a TAP.</summary>
    public bool Veth { get; init; }

    /// <summary>How long workers poll before they block.</summary>
    public string? Spin { get; init; }

    /// <summary>The rows of the veth wire; the whole of them if null.</summary>
    public IReadOnlyList<Row>? Rows { get; init; }

    /// <summary>All of them.</summary>
    public static IReadOnlyList<OverlaydVariant> All { get; } =
    [
        new() { Name = "overlayd-vxlan", Description = "overlayd, VXLAN, IPv4 underlay" },
        new()
        {
            Name = "overlayd-geneve",
            Description = "overlayd, Geneve without options",
            Encap = "geneve",
            Rows = [Row.Tcp1, Row.Udp64],
        },
        new()
        {
            Name = "overlayd-options",
            Description = "overlayd, Geneve with our options on every frame",
            Encap = "geneve",
            Options = true,
            Rows = [Row.Tcp1, Row.Udp64],
        },
        new()
        {
            Name = "overlayd-ipv6",
            Description = "overlayd, VXLAN, IPv6 underlay",
            IPv6 = true,
            Rows = [Row.Tcp1, Row.Udp64],
        },
        new()
        {
            Name = "overlayd-veth",
            Description = "overlayd, VXLAN, its port an end of a veth",
            Veth = true,
            Rows = [Row.Tcp1, Row.Tcp4, Row.Bidir, Row.Udp64],
        },
        new()
        {
            Name = "overlayd-spin",
            Description = "overlayd, VXLAN, polling 30 µs before it blocks",
            Spin = "30us",
            Rows = [Row.Rtt],
        },
    ];
}
