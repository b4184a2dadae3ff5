using System.Globalization;

namespace Overlay.TestKit.Net;

/// <summary>A vxlan device of the Linux kernel in a namespace: the reference for VXLAN.</summary>
public sealed class KernelVxlanPeer
{
    private KernelVxlanPeer(string netns, string device)
    {
        Netns = netns;
        Device = device;
    }

    /// <summary>The namespace.</summary>
    public string Netns { get; }

    /// <summary>The vxlan device.</summary>
    public string Device { get; }

    /// <summary>The MAC of the device.</summary>
    public string Mac => NetLab.MacOf(Netns, Device);

    /// <summary>
    /// Makes the device, up, with the remote as its default destination (unicast, head-end). Without an underlay device the kernel does not bound the
    /// MTU by it and fragments outer packets.
    /// </summary>
    public static KernelVxlanPeer Create(string netns, string? underlayDevice, int vni, string local, string remote, int port = 4789, int mtu = 1450, string device = "vx0", bool learning = true, bool offloads = false)
    {
        Requires.Root();
        string[] args =
        [
            "ip", "-n", netns, "link", "add", device, "type", "vxlan", "id", vni.ToString(CultureInfo.InvariantCulture), "local", local, "remote", remote,
            "dstport", port.ToString(CultureInfo.InvariantCulture), .. underlayDevice is null ? (string[])[] : ["dev", underlayDevice], learning ? "learning" : "nolearning",
        ];
        if (!Cmd.Run(null, args).Ok) throw new SkipTestException("the kernel has no vxlan device");
        if (!offloads) NetLab.PlainDevice(netns, device);
        NetLab.Ip(netns, "link", "set", device, "mtu", mtu.ToString(CultureInfo.InvariantCulture), "up");
        return new KernelVxlanPeer(netns, device);
    }
}
