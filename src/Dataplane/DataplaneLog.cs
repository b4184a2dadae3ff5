using Microsoft.Extensions.Logging;

namespace Overlay.Dataplane;

/// <summary>Log messages of the dataplane: event ids 2000–2099. An id is never reused.</summary>
internal static partial class DataplaneLog
{
    [LoggerMessage(2000, LogLevel.Error, "Worker {Worker}: a batch was abandoned and counted as internal_error; this kind of fault is logged once")]
    internal static partial void WorkerFault(ILogger logger, string worker, Exception exception);

    [LoggerMessage(2001, LogLevel.Warning, "Worker {Worker} cannot run on processor {Processor}: {Problem}")]
    internal static partial void AffinityRefused(ILogger logger, string worker, int processor, string problem);

    [LoggerMessage(2002, LogLevel.Error, "Port {Port}: its device is gone; the other ports go on")]
    internal static partial void PortClosed(ILogger logger, string port);

    [LoggerMessage(2003, LogLevel.Warning, "{Warning}")]
    internal static partial void SetupWarning(ILogger logger, string warning);

    [LoggerMessage(2004, LogLevel.Information, "Dataplane started: {Workers} workers, {Sockets} receiving sockets, {SourcePorts} source ports, {Lane} a priority lane")]
    internal static partial void Started(ILogger logger, int workers, int sockets, int sourcePorts, string lane);

    [LoggerMessage(2005, LogLevel.Warning, "Local address {Address} is absent; it will be used as soon as it is there")]
    internal static partial void AddressAbsent(ILogger logger, string address);

    [LoggerMessage(2006, LogLevel.Information, "Local address {Address} is present on {Device}, MTU {Mtu}, link up {LinkUp}")]
    internal static partial void AddressPresent(ILogger logger, string address, string device, int mtu, bool linkUp);

    [LoggerMessage(2007, LogLevel.Information, "Port {Port}: MTU is now {Mtu}")]
    internal static partial void PortMtu(ILogger logger, string port, int mtu);

    [LoggerMessage(2008, LogLevel.Warning, "A worker did not end within {Seconds} s; its descriptors stay open")]
    internal static partial void WorkerStuck(ILogger logger, double seconds);

    [LoggerMessage(2009, LogLevel.Information, "Port {Port} opened on {Device}, MTU {Mtu}, {Queues} queues")]
    internal static partial void PortOpened(ILogger logger, string port, string device, int mtu, int queues);

    [LoggerMessage(2051, LogLevel.Information, "Device {Device} was made again: receiving sockets were opened anew")]
    internal static partial void DeviceChanged(ILogger logger, string device);

    [LoggerMessage(2050, LogLevel.Information, "No priority lane for short frames: the kernel refuses a program for it: {Problem}")]
    internal static partial void NoLane(ILogger logger, string problem);

    [LoggerMessage(2012, LogLevel.Warning, "An ICMP message says that the path to {Destination} takes {Mtu} octets: not believed, {Least} is assumed. If it is true, lower listen.path_mtu_min, or what is longer is lost")]
    internal static partial void PathMtuRefused(ILogger logger, string destination, int mtu, int least);

    [LoggerMessage(2010, LogLevel.Information, "Port {Port} closed")]
    internal static partial void PortRemoved(ILogger logger, string port);

    [LoggerMessage(2011, LogLevel.Information, "Frames are written to TAP devices one a system call, without io_uring: {Problem}")]
    internal static partial void NoRing(ILogger logger, string problem);
}
