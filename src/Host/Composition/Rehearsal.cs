using Overlay.Control;
using Overlay.Control.StaticFile;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using Overlay.Host.Configuration;
using Overlay.Host.Logging;
using Overlay.Host.Privileges;

namespace Overlay.Host.Composition;

/// <summary>
/// Half of a start is the runtime loading and compiling what it meets for the first time. While one processor reads the configuration, another goes through the control side once with an invented
/// one: a VNI, a peer, no port and no socket. The start itself then finds everything there, and frames wait for less long.
/// </summary>
internal static class Rehearsal
{
    /// <summary>Begins, where there is a second processor. Touches nothing but its own objects, and is thrown away.</summary>
    public static void Begin()
    {
        if (Environment.ProcessorCount > 1)
        {
            _ = Task.Run(TryAsync);
        }
    }

    /// <summary>Goes through it.</summary>
    internal static async Task RunAsync()
    {
        using var logging = new DaemonLoggerProvider(TextWriter.Null, systemd: true, LogLevel.Information, TimeProvider.System);
        using var loggers = new LoggerFactory([logging], new LoggerFilterOptions { MinLevel = LogLevel.Trace });
        HostLog.Starting(loggers.CreateLogger(nameof(Rehearsal)), "", "", "");
        await using var runtime = new DaemonRuntime(Invent(), FlowHashSeed.CreateRandom(), TimeProvider.System, loggers);
        await runtime.RehearseAsync();
    }

    // What is wrong, the start itself says.
    private static async Task TryAsync()
    {
        try
        {
            await RunAsync();
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
        }
    }

    // Addresses for documentation (RFC 5737): nothing is opened.
    private static OverlayConfig Invent()
    {
        var vni = Vni.Max;
        var local = UnderlayAddress.Parse("192.0.2.1");
        var peer = new VtepDescription { Vtep = new VtepEndpoint("peer"), Addresses = [UnderlayAddress.Parse("192.0.2.2")], Encap = EncapKind.Vxlan };
        return new OverlayConfig
        {
            NodeName = "",
            Underlay = new UnderlaySpec { Local = [local] },
            Workers = new WorkerSpec(1, [], TimeSpan.Zero, Lane: false),
            Admin = new AdminSpec(""),
            Metrics = new MetricsSpec(null),
            Log = new LogSpec(LogLevel.Information),
            Privileges = new PrivilegeSpec(PrivilegeMode.Given),
            StateDirectory = "",
            Topology = new TopologySpec { Vnis = [new VniSpec { Vni = vni }] },
            Routes = new StaticRoutes([new StaticPeer { Vtep = peer, Vnis = [new StaticPeerVni(vni, null)] }], []),
            Precedence = Precedence.DefaultOrder,
        };
    }
}
