using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Overlay.EndToEnd.Traffic;

/// <summary>Counts UDP datagrams.</summary>
internal static class Sink
{
    private const int Batch = 64;
    private const int LongestDatagram = 2048;
    private const int ReceiveBuffer = 4 << 20;
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(250);

    /// <summary>What arrived, and the time from the first datagram to the last.</summary>
    internal sealed record Result(long Received, long Octets, double Seconds);

    /// <summary>Counts until a quarter of a second passes without a datagram, at most for <paramref name="seconds"/>.</summary>
    public static Result Run(int port, double seconds, Action ready)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        Libc.ForceReceiveBuffer(socket, ReceiveBuffer);
        socket.Bind(new IPEndPoint(IPAddress.Any, port));
        var descriptor = Libc.Descriptor(socket);
        var ring = MessageRing.ForReceiving(Batch, LongestDatagram).Messages;
        ready();
        long received = 0, octets = 0, first = 0, last = 0;
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started).TotalSeconds < seconds)
        {
            var count = Libc.RecvMmsg(descriptor, ring, Batch, Libc.MsgDontWait, 0);
            if (count <= 0)
            {
                if (received > 0 && Stopwatch.GetElapsedTime(last) > Silence) break;
                var poll = new Libc.PollDescriptor { Descriptor = descriptor, Events = Libc.PollIn };
                var wait = new Libc.TimeSpec { Nanoseconds = 50_000_000 };
                _ = Libc.Poll(ref poll, 1, ref wait, 0);
                continue;
            }

            last = Stopwatch.GetTimestamp();
            if (received == 0) first = last;
            received += count;
            for (var i = 0; i < count; i++) octets += ring[i].Length;
        }

        return new Result(received, octets, received == 0 ? 0 : Stopwatch.GetElapsedTime(first, last).TotalSeconds);
    }
}
