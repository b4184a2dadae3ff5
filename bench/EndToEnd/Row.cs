namespace Overlay.EndToEnd;

/// <summary>What is measured.</summary>
internal enum Row
{
    /// <summary>TCP, one stream.</summary>
    Tcp1,

    /// <summary>TCP, four streams.</summary>
    Tcp4,

    /// <summary>TCP, one stream each way at once.</summary>
    Bidir,

    /// <summary>64-byte UDP as fast as it goes, one flow.</summary>
    Udp64,

    /// <summary>64-byte UDP, 256 flows to the MACs of 16 VTEPs.</summary>
    Flows,

    /// <summary>The same with datagrams of 64, 200 and 1000 bytes in turn.</summary>
    Mixed,

    /// <summary>1400-byte UDP as fast as it goes.</summary>
    Udp1400,

    /// <summary>Round trips on an idle path.</summary>
    Rtt,

    /// <summary>Round trips beside four TCP streams.</summary>
    Loaded,

    /// <summary>TCP, one stream, between workloads behind bridges.</summary>
    Bridge,
}

/// <summary>What stands between the tenants and the overlay's devices.</summary>
internal enum Layout
{
    /// <summary>The tenant's address is on the overlay's device.</summary>
    Host,

    /// <summary>As <see cref="Host"/>, but the far host has 16 underlay addresses and 16 MACs behind them.</summary>
    Many,

    /// <summary>The overlay's device is a port of a bridge, the tenant is behind a veth of that bridge.</summary>
    Bridge,
}

/// <summary>What the underlay does to large packets.</summary>
internal enum Wire
{
    /// <summary>A plain veth: super-frames cross uncut. Kind to whoever keeps them whole.</summary>
    Veth,

    /// <summary>Like a NIC with checksum offload but without segmentation offload: only frames of the MTU cross; GRO after.</summary>
    Nic,
}

/// <summary>Names of enum members on the command line and in reports, and what belongs to a row.</summary>
internal static class Names
{
    public static string Of<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    public static bool TryParse<T>(string text, out T value)
        where T : struct, Enum => Enum.TryParse(text, ignoreCase: true, out value) && Enum.IsDefined(value) && !char.IsAsciiDigit(text[0]);

    public static string All<T>()
        where T : struct, Enum => string.Join(", ", Enum.GetValues<T>().Select(Of));

    /// <summary>The layout a row is measured in.</summary>
    public static Layout LayoutOf(Row row) => row switch
    {
        Row.Flows or Row.Mixed => Layout.Many,
        Row.Bridge => Layout.Bridge,
        _ => Layout.Host,
    };
}
