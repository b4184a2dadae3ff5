using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Interop;

namespace Overlay.Dataplane.Underlay;

/// <summary>What a refused datagram means.</summary>
internal static class SendErrors
{
    private const int ForeignErrorRetries = 8;

    /// <summary>
    /// How often a refusal is tried again. Memory and firewall refusals are about this datagram. An unconnected UDP socket never refuses with
    /// ECONNREFUSED itself: that one is always somebody else's, and several may be pending one after the other.
    /// </summary>
    internal static int Retries(int negative) => -negative switch
    {
        Errno.Again or Errno.NoBuffers or Errno.NoMemory or Errno.Perm or Errno.BadDescriptor or Errno.Invalid => 0,
        Errno.ConnectionRefused => ForeignErrorRetries,
        _ => 1,
    };

    /// <summary>Whether a refused train may go datagram by datagram: its length does not fit the path, or something on the way out (IPsec, a device) cannot cut it.</summary>
    internal static bool MayBeTheTrains(int negative) => -negative is Errno.MessageTooLong or Errno.Invalid or Errno.InputOutput;

    /// <summary>The drop reason of a refusal.</summary>
    internal static DropReason Reason(int negative) => -negative switch
    {
        Errno.MessageTooLong => DropReason.TooBigSilent,
        Errno.Perm or Errno.Access => DropReason.UnderlaySendRefused,
        Errno.Again or Errno.NoBuffers or Errno.NoMemory => DropReason.SocketFull,
        _ => DropReason.UnderlayUnreachable,
    };
}
