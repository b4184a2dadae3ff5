using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Overlay.EndToEnd.Measuring;

namespace Overlay.EndToEnd.Traffic;

/// <summary>Sends UDP datagrams as fast as it can: one flow in batches, or many flows of which neighbouring datagrams never belong to the same.</summary>
internal static class Blast
{
    private const int Batch = 64;
    private const int SendBuffer = 2 << 20;

    /// <summary>What was sent.</summary>
    /// <param name="Sent">Datagrams the kernel took.</param>
    /// <param name="Refused">Calls that failed.</param>
    /// <param name="Seconds">How long it sent.</param>
    /// <param name="BusySeconds">How long the processors of the whole machine were busy meanwhile.</param>
    internal sealed record Result(long Sent, long Refused, double Seconds, double BusySeconds);

    /// <summary>Sends for <paramref name="seconds"/>; flows are spread over the addresses, each from a socket of its own; datagrams have the sizes in turn.</summary>
    public static Result Run(IReadOnlyList<IPAddress> addresses, int port, IReadOnlyList<int> sizes, double seconds, int flows)
    {
        var sockets = Enumerable.Range(0, flows).Select(i => Connect(new IPEndPoint(addresses[i % addresses.Count], port))).ToArray();
        try
        {
            var busy = ProcessorTime.Read();
            var started = Stopwatch.GetTimestamp();
            var (sent, refused) = flows == 1 ? OneFlow(sockets[0], sizes, seconds) : ManyFlows(sockets, sizes, seconds);
            var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
            return new Result(sent, refused, elapsed, ProcessorTime.Read().BusySince(busy));
        }
        finally
        {
            foreach (var socket in sockets) socket.Dispose();
        }
    }

    private static (long Sent, long Refused) OneFlow(Socket socket, IReadOnlyList<int> sizes, double seconds)
    {
        var ring = MessageRing.ForSending(Batch, sizes).Messages;
        var descriptor = Libc.Descriptor(socket);
        long sent = 0, refused = 0;
        var end = Deadline(seconds);
        while (Stopwatch.GetTimestamp() < end)
        {
            var count = Libc.SendMmsg(descriptor, ring, Batch, 0);
            if (count > 0) sent += count;
            else refused++;
        }

        return (sent, refused);
    }

    // A batch would be of one socket, hence of one flow: a call a datagram is the price of mixing them.
    private static (long Sent, long Refused) ManyFlows(Socket[] sockets, IReadOnlyList<int> sizes, double seconds)
    {
        var payload = GC.AllocateArray<byte>(sizes.Max(), pinned: true);
        var data = Marshal.UnsafeAddrOfPinnedArrayElement(payload, 0);
        var lengths = sizes.ToArray();
        var descriptors = sockets.Select(Libc.Descriptor).ToArray();
        long sent = 0, refused = 0;
        var end = Deadline(seconds);
        var size = 0;
        while (Stopwatch.GetTimestamp() < end)
        {
            foreach (var descriptor in descriptors)
            {
                if (Libc.Send(descriptor, data, lengths[size], 0) > 0) sent++;
                else refused++;
                if (++size == lengths.Length) size = 0;
            }
        }

        return (sent, refused);
    }

    private static long Deadline(double seconds) => Stopwatch.GetTimestamp() + (long)(seconds * Stopwatch.Frequency);

    private static Socket Connect(IPEndPoint end)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        Libc.ForceSendBuffer(socket, SendBuffer);
        socket.Connect(end);
        return socket;
    }
}
