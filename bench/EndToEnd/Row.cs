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
