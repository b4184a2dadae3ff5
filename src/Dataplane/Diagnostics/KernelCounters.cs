using System.Collections.Immutable;
using System.Globalization;

namespace Overlay.Dataplane.Diagnostics;

/// <summary>Reads what the kernel counts about UDP in our network namespace.</summary>
public static class KernelCounters
{
    private const string Snmp = "/proc/thread-self/net/snmp";
    private const string Snmp6 = "/proc/thread-self/net/snmp6";

    /// <summary>
    /// The counters: <c>udp_in_csum_errors</c> and <c>udp6_in_csum_errors</c> (of the whole namespace) and <c>udp_socket_overflow</c> (of our sockets)
    /// and <c>tap_queue_drops</c> (of our ports), and <c>icmp_mtu_refused</c>, which is ours.
    /// </summary>
    /// <param name="socketOverflow">Datagrams dropped at our receiving sockets.</param>
    /// <param name="tapQueueDrops">Frames dropped at the queues of our TAPs.</param>
    /// <param name="icmpRefused">ICMP messages about path MTUs that were not believed.</param>
    public static ImmutableArray<KernelCounter> Read(long socketOverflow, long tapQueueDrops, long icmpRefused) =>
    [
        new("udp_in_csum_errors", ReadSnmp(), "UDP over IPv4 with a wrong checksum, dropped by the kernel; all sockets of this network namespace."),
        new("udp6_in_csum_errors", ReadSnmp6(), "UDP over IPv6 with a wrong or zero checksum, dropped by the kernel; all sockets of this network namespace."),
        new("udp_socket_overflow", socketOverflow, "Datagrams dropped at our receiving sockets (SO_RXQ_OVFL): the daemon was too slow, or the receive buffer too small."),
        new("tap_queue_drops", tapQueueDrops, "Frames of tenants dropped because a port's queue to us (a TAP's txqueuelen, the receive buffer of a veth end) was full: the daemon was too slow for them; status -o json says at which port."),
        new("icmp_mtu_refused", icmpRefused, "ICMP messages that named a path MTU under listen.path_mtu_min, or about an address that nobody sends to: not believed, perhaps forged; doctor mtu says for which peer."),
    ];

    private static long ReadSnmp()
    {
        // Two lines a protocol: names, then values in the same order.
        string[]? names = null;
        foreach (string line in Lines(Snmp).Where(line => line.StartsWith("Udp:", StringComparison.Ordinal)))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (names is null)
            {
                names = words;
                continue;
            }

            int column = Array.IndexOf(names, "InCsumErrors");
            return column > 0 && column < words.Length && long.TryParse(words[column], CultureInfo.InvariantCulture, out long value) ? value : 0;
        }

        return 0;
    }

    private static long ReadSnmp6()
    {
        foreach (string line in Lines(Snmp6).Where(line => line.StartsWith("Udp6InCsumErrors", StringComparison.Ordinal)))
        {
            string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            return words.Length == 2 && long.TryParse(words[1], CultureInfo.InvariantCulture, out long value) ? value : 0;
        }

        return 0;
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (IOException)
        {
            return [];
        }
        catch (UnauthorizedAccessException)
        {
            return [];
        }
    }
}
