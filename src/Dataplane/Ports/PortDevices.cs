using Overlay.Dataplane.HandOver;
using Overlay.Forwarding.Topology;

namespace Overlay.Dataplane.Ports;

/// <summary>Opens the device of a port, whatever its kind.</summary>
public static class PortDevices
{
    /// <summary>Opens a device and makes it as asked for. Not on a fast path; may start a thread (namespaces).</summary>
    /// <param name="options">What it should be like.</param>
    /// <param name="touchExisting">
    /// False leaves a device that was there before as it is, for whoever opens it may yet give it up; <see cref="IPortDevice.Reconfigure"/> makes it as asked for.
    /// </param>
    /// <param name="keep">What is kept over a restart; null makes devices that go when they are closed.</param>
    public static DeviceOpenResult Open(DeviceOptions options, bool touchExisting = true, KeepOptions? keep = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Kind == PortDeviceKind.Veth ? VethPort.Open(options, touchExisting) : TapPort.Open(options, touchExisting, keep);
    }
}
