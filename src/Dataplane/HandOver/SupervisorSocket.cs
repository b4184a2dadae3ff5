using System.Text;
using Overlay.Dataplane.Interop;

namespace Overlay.Dataplane.HandOver;

/// <summary>
/// The part of the protocol of sd_notify(3) that needs descriptors: giving one to the supervisor's store (<c>FDSTORE=1</c>), taking one out of it, and waiting until the
/// supervisor has read what was sent. <b>Threading:</b> any thread; every call opens a socket of its own. <b>Errors:</b> sentences, never exceptions.
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
    /// <returns>Why it was not sent; null if it was.</returns>
    public string? Store(string name, int descriptor) => Sentence(NotifyDatagram.Send(_path, Text($"FDSTORE=1\nFDPOLL=0\nFDNAME={name}"), descriptor, Limit));

    /// <summary>Takes all descriptors of a name out of the store.</summary>
    /// <returns>Why it was not sent; null if it was.</returns>
    public string? Remove(string name) => Sentence(NotifyDatagram.Send(_path, Text($"FDSTOREREMOVE=1\nFDNAME={name}"), -1, Limit));

    /// <summary>Waits, two seconds at most, until the supervisor has done what was sent before (<c>BARRIER=1</c>).</summary>
    /// <returns>Why nobody knows whether it has; null if it has.</returns>
    public string? Await() => Sentence(NotifyDatagram.SendAndAwait(_path, Text("BARRIER=1"), Limit));

    private static byte[] Text(string message) => Encoding.UTF8.GetBytes(message);

    private static string? Sentence(int result) => result >= 0 ? null : Errno.Describe(result);
}
