using System.Text;
using Overlay.Dataplane.Interop;

namespace Overlay.Dataplane.HandOver;

/// <summary>
/// The part of the protocol of sd_notify(3) that needs descriptors: giving one to the supervisor's store (<c>FDSTORE=1</c>), taking one out of it, and waiting until the
/// supervisor has read what was sent. <b>Threading:</b> any thread; every call opens a socket of its own. <b>Errors:</b> results, never exceptions: 0, or a negative errno for <see cref="Describe"/>.
/// </summary>
public sealed class SupervisorSocket
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);
    private readonly string _path;

    /// <summary>Makes one; nothing is opened.</summary>
    /// <param name="path">What <c>NOTIFY_SOCKET</c> says: a path, or an abstract name behind <c>@</c>.</param>
    public SupervisorSocket(string path) => _path = path;

    /// <summary>Gives a descriptor to the store. The supervisor does not poll it (<c>FDPOLL=0</c>): an ICMP error at a socket would look like its end.</summary>
    /// <param name="name">Its name (<see cref="DescriptorNames"/>).</param>
    /// <param name="descriptor">The descriptor; stays ours.</param>
    public int Store(string name, int descriptor) => NotifyDatagram.Send(_path, Text($"FDSTORE=1\nFDPOLL=0\nFDNAME={name}"), descriptor, Limit);

    /// <summary>Takes all descriptors of a name out of the store.</summary>
    public int Remove(string name) => NotifyDatagram.Send(_path, Text($"FDSTOREREMOVE=1\nFDNAME={name}"), -1, Limit);

    /// <summary>Waits, two seconds at most, until the supervisor has read what was sent before (<c>BARRIER=1</c>). What it lets go of may be closed a moment later.</summary>
    public int Await() => NotifyDatagram.SendAndAwait(_path, Text("BARRIER=1"), Limit);

    /// <summary>Whether a result says that nobody listens there, and will not later either.</summary>
    public static bool IsGone(int result) => result is -Errno.NoEntry or -Errno.ConnectionRefused;

    /// <summary>A sentence fragment for a negative result.</summary>
    public static string Describe(int result) => result == -Errno.Again ? "it does not answer in time" : Errno.Describe(result);

    private static byte[] Text(string message) => Encoding.UTF8.GetBytes(message);
}
