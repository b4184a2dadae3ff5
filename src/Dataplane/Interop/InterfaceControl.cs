using System.Runtime.CompilerServices;
using System.Text;
using Overlay.Encap;

namespace Overlay.Dataplane.Interop;

/// <summary>
/// Reads and sets properties of network devices by ioctl (netdevice(7)). Bound to the network namespace it was opened in, from whatever thread
/// it is used later. Results are values or a negative errno.
/// </summary>
internal sealed unsafe class InterfaceControl : IDisposable
{
    private const int NameSize = 16;
    private const int RequestSize = 40;
    private readonly FileDescriptor _descriptor;

    private InterfaceControl(int descriptor) => _descriptor = new FileDescriptor(descriptor);

    /// <summary>Opens one in the caller's namespace. 0, or a negative errno.</summary>
    internal static int TryOpen(out InterfaceControl? control)
    {
        int result = Libc.Result(Libc.Socket(LinuxConstants.FamilyInet, LinuxConstants.TypeDatagram | LinuxConstants.TypeCloseOnExec, 0));
        control = result < 0 ? null : new InterfaceControl(result);
        return Math.Min(result, 0);
    }

    /// <summary>Writes a device name into the name field of an <c>ifreq</c>. The name has been validated.</summary>
    internal static void WriteName(Span<byte> request, string device)
    {
        request.Clear();
        _ = Encoding.ASCII.GetBytes(device, request[..(NameSize - 1)]);
    }

    /// <summary>The index of a device.</summary>
    internal int Index(string device) => GetInt(LinuxConstants.GetIndex, device);

    /// <summary>The MTU of a device.</summary>
    internal int Mtu(string device) => GetInt(LinuxConstants.GetMtu, device);

    /// <summary>Sets the MTU.</summary>
    internal int SetMtu(string device, int mtu)
    {
        byte* request = stackalloc byte[RequestSize];
        WriteName(new Span<byte>(request, RequestSize), device);
        Unsafe.WriteUnaligned(request + NameSize, mtu);
        return Call(LinuxConstants.SetMtu, request);
    }

    /// <summary>Frames that wait for the device at most (<c>txqueuelen</c>).</summary>
    internal int QueueLength(string device) => GetInt(LinuxConstants.GetQueueLength, device);

    /// <summary>Sets how many frames wait for the device at most; of a TAP, in each of its queues. What is in the queue beyond a smaller number is lost.</summary>
    internal int SetQueueLength(string device, int frames)
    {
        byte* request = stackalloc byte[RequestSize];
        WriteName(new Span<byte>(request, RequestSize), device);
        Unsafe.WriteUnaligned(request + NameSize, frames);
        return Call(LinuxConstants.SetQueueLength, request);
    }

    /// <summary>1 if the device is administratively up, 0 if not.</summary>
    internal int IsUp(string device)
    {
        int flags = Flags(device);
        return flags < 0 ? flags : flags & LinuxConstants.InterfaceUp;
    }

    /// <summary>1 if the device is administratively up and has a carrier (of a veth: its other end is up), 0 if not.</summary>
    internal int IsRunning(string device)
    {
        const int Both = LinuxConstants.InterfaceUp | LinuxConstants.InterfaceRunning;
        int flags = Flags(device);
        return flags < 0 ? flags : (flags & Both) == Both ? 1 : 0;
    }

    /// <summary>True if the device has an IPv4 address.</summary>
    internal bool HasIPv4Address(string device) => GetInt(LinuxConstants.GetAddress, device) >= 0;

    /// <summary>Sets the device administratively up.</summary>
    internal int SetUp(string device)
    {
        int flags = Flags(device);
        if (flags < 0)
            return flags;
        byte* request = stackalloc byte[RequestSize];
        WriteName(new Span<byte>(request, RequestSize), device);
        Unsafe.WriteUnaligned(request + NameSize, (ushort)(flags | LinuxConstants.InterfaceUp));
        return Call(LinuxConstants.SetFlags, request);
    }

    /// <summary>Reads the MAC.</summary>
    internal int Mac(string device, out MacAddress mac)
    {
        byte* request = stackalloc byte[RequestSize];
        WriteName(new Span<byte>(request, RequestSize), device);
        int result = Call(LinuxConstants.GetHardwareAddress, request);
        mac = result < 0 ? default : MacAddress.Read(new ReadOnlySpan<byte>(request + NameSize + sizeof(ushort), MacAddress.Length));
        return result;
    }

    /// <summary>Sets the MAC.</summary>
    internal int SetMac(string device, MacAddress mac)
    {
        byte* request = stackalloc byte[RequestSize];
        WriteName(new Span<byte>(request, RequestSize), device);
        Unsafe.WriteUnaligned(request + NameSize, LinuxConstants.HardwareEthernet);
        mac.WriteTo(new Span<byte>(request + NameSize + sizeof(ushort), MacAddress.Length));
        return Call(LinuxConstants.SetHardwareAddress, request);
    }

    /// <summary>Puts a device into a bridge.</summary>
    internal int AddToBridge(string bridge, int deviceIndex)
    {
        byte* request = stackalloc byte[RequestSize];
        WriteName(new Span<byte>(request, RequestSize), bridge);
        Unsafe.WriteUnaligned(request + NameSize, deviceIndex);
        return Call(LinuxConstants.BridgeAddInterface, request);
    }

    /// <summary>Takes a device out of a bridge.</summary>
    internal int RemoveFromBridge(string bridge, int deviceIndex)
    {
        byte* request = stackalloc byte[RequestSize];
        WriteName(new Span<byte>(request, RequestSize), bridge);
        Unsafe.WriteUnaligned(request + NameSize, deviceIndex);
        return Call(LinuxConstants.BridgeRemoveInterface, request);
    }

    /// <summary>The name of a device; null if there is none.</summary>
    internal string? NameOf(int index)
    {
        byte* request = stackalloc byte[RequestSize];
        new Span<byte>(request, RequestSize).Clear();
        Unsafe.WriteUnaligned(request + NameSize, index);
        if (Call(LinuxConstants.GetName, request) < 0)
            return null;
        var name = new ReadOnlySpan<byte>(request, NameSize);
        int end = name.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? name : name[..end]);
    }

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();

    private int Flags(string device)
    {
        byte* request = stackalloc byte[RequestSize];
        WriteName(new Span<byte>(request, RequestSize), device);
        int result = Call(LinuxConstants.GetFlags, request);
        return result < 0 ? result : Unsafe.ReadUnaligned<ushort>(request + NameSize);
    }

    private int GetInt(uint request, string device)
    {
        byte* buffer = stackalloc byte[RequestSize];
        WriteName(new Span<byte>(buffer, RequestSize), device);
        int result = Call(request, buffer);
        return result < 0 ? result : Unsafe.ReadUnaligned<int>(buffer + NameSize);
    }

    private int Call(uint request, byte* buffer)
    {
        int descriptor = _descriptor.Value;
        return descriptor < 0 ? -Errno.BadDescriptor : Libc.Result(Libc.IoCtl(descriptor, request, buffer));
    }
}
