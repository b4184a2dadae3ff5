using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Overlay.Cli.Native;
using Overlay.Cli.Tools;

namespace Overlay.Cli.Doctor;

/// <summary>Checks of the host: device, capability, ports, buffers, kernel features, directories, tools. They change nothing.</summary>
internal static class HostChecks
{
    private const string Tun = "/dev/net/tun";
    private const uint TunVnetHeader = 0x4000;
    private const uint TunMultiQueue = 0x0100;
    private const long WantedSocketBuffer = 4 * 1024 * 1024;
    private const int SolUdp = 17;
    private const int UdpSegment = 103;
    private const int UdpGro = 104;

    public static IEnumerable<DoctorLine> TunDevice()
    {
        if (!File.Exists(Tun))
        {
            yield return DoctorLine.Fail("tun", $"{Tun} does not exist", "modprobe tun || { mkdir -p /dev/net && mknod -m 0666 /dev/net/tun c 10 200; }");
            yield break;
        }

        (uint? features, string? error) = OpenTun();
        if (error is not null)
        {
            yield return DoctorLine.Fail("tun", $"{Tun} does not open: {error}", "sudo overlayctl doctor");
            yield break;
        }

        yield return DoctorLine.Ok("tun", $"{Tun} opens");
        yield return Feature(features, TunVnetHeader, "tun-offload", "IFF_VNET_HDR: checksums and segmentation are left to the far end");
        yield return Feature(features, TunMultiQueue, "tun-queues", "IFF_MULTI_QUEUE: a port may have several queues");
    }

    public static DoctorLine SocketBuffer(string name)
    {
        string key = $"net.core.{name}";
        string path = $"/proc/sys/net/core/{name}";
        if (!File.Exists(path)) return DoctorLine.Warn(name, $"{key} cannot be seen in this network namespace", $"nsenter -t 1 -n sysctl {key}");
        if (!long.TryParse(File.ReadAllText(path).Trim(), CultureInfo.InvariantCulture, out long value))
        {
            return DoctorLine.Warn(name, $"{key} cannot be read", $"sysctl {key}");
        }

        return value >= WantedSocketBuffer
            ? DoctorLine.Ok(name, $"{key} is {value}")
            : DoctorLine.Warn(name, $"{key} is {value}, bursts want {WantedSocketBuffer}", $"sysctl -w {key}={WantedSocketBuffer}");
    }

    public static IEnumerable<DoctorLine> UdpOffloads()
    {
        yield return UdpOption(UdpSegment, "udp-gso", "UDP_SEGMENT: many datagrams in one send");
        yield return UdpOption(UdpGro, "udp-gro", "UDP_GRO: many datagrams in one receive");
    }

    public static DoctorLine RunDirectory(string socket)
    {
        const string Check = "run-dir";
        string directory = Path.GetDirectoryName(Path.GetFullPath(socket)) ?? "/";
        string existing = directory;
        while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } parent) existing = parent;
        if (!LibC.IsWritable(existing))
        {
            return DoctorLine.Fail(Check, $"{existing} is not writable: the admin socket cannot be made", $"install -d -m 0755 -o $(id -un) {directory}");
        }

        return DoctorLine.Ok(Check, existing == directory ? $"{directory} is writable" : $"{directory} can be made");
    }

    public static DoctorLine Command(string name, string package, string use, bool needed)
    {
        if (Tool.Find(name) is { } path) return DoctorLine.Ok(name, $"{path}: {use}");
        string fix = $"apt-get install --no-install-recommends {package}";
        return needed ? DoctorLine.Fail(name, $"{name} is missing: {use}", fix) : DoctorLine.Warn(name, $"{name} is missing: {use}", fix);
    }

    private static (uint? Features, string? Error) OpenTun()
    {
        try
        {
            using SafeFileHandle tun = File.OpenHandle(Tun, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            return (LibC.TunFeatures(tun), null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, e.Message);
        }
    }

    private static DoctorLine Feature(uint? features, uint bit, string check, string meaning)
    {
        bool there = features is { } flags && (flags & bit) != 0;
        return there ? DoctorLine.Ok(check, meaning) : DoctorLine.Warn(check, $"this kernel's tun lacks {meaning}", "uname -r   # Linux 3.8 or later has it");
    }

    private static DoctorLine UdpOption(int option, string check, string meaning)
    {
        int value = option == UdpSegment ? 1400 : 1;
        try
        {
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.SetRawSocketOption(SolUdp, option, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));
            return DoctorLine.Ok(check, meaning);
        }
        catch (SocketException e)
        {
            return DoctorLine.Warn(check, $"this kernel lacks {meaning} ({e.Message})", "uname -r   # Linux 5.0 or later has it");
        }
    }
}
