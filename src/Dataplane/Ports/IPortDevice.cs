using System.Collections.Immutable;
using Overlay.Encap;

namespace Overlay.Dataplane.Ports;

/// <summary>
/// A port that is a network device of the kernel. <b>Threading:</b> beyond <see cref="IPort"/> everything here is for the control side, one caller at a
/// time; <see cref="IDisposable.Dispose"/> only after every worker has given the port back. <b>Errors:</b> sentences, never exceptions.
/// </summary>
public interface IPortDevice : IPort
{
    /// <summary>The device name when it was opened.</summary>
    string Name { get; }

    /// <summary>The interface index in the device's namespace when it was opened.</summary>
    int Index { get; }

    /// <summary>True if the device was there before: it stays when the port is disposed.</summary>
    bool Existed { get; }

    /// <summary>The MAC the device had when it was opened or last reconfigured.</summary>
    MacAddress Mac { get; }

    /// <summary>True once the kernel said that the device is gone. Never false again.</summary>
    bool IsClosed { get; }

    /// <summary>Sets the device's MTU; gives why not, or null.</summary>
    /// <param name="mtu">68–65535 octets.</param>
    string? SetMtu(int mtu);

    /// <summary>Gives the open device another MAC, MTU or bridge; name, namespace and queues stay.</summary>
    /// <returns>What is not as it was asked for.</returns>
    ImmutableArray<string> Reconfigure(DeviceOptions options);

    /// <summary>The device's MTU in octets; 0 if it is gone.</summary>
    int ReadMtu();

    /// <summary>The MAC the device has now; null if it is gone.</summary>
    MacAddress? ReadMac();

    /// <summary>Whether the device is there and administratively up.</summary>
    bool ReadIsUp();

    /// <summary>Whether the device belongs to a bridge or the like, whoever put it there; true too if the kernel does not say.</summary>
    bool ReadHasMaster();

    /// <summary>
    /// Frames that the kernel dropped because what queues between the device and us was full; null if unknown. They never reached us.
    /// </summary>
    long? ReadQueueDrops();
}
