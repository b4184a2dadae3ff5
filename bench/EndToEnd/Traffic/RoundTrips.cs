using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Overlay.EndToEnd.Reporting;

namespace Overlay.EndToEnd.Traffic;

/// <summary>Round trips of 64-byte UDP datagrams, one after the other or at a rate, and what answers them.</summary>
internal static class RoundTrips
{
    private const int Length = 64;
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500);

    /// <summary>Round trips in microseconds.</summary>
    /// <param name="Sent">Requests.</param>
    /// <param name="Lost">Requests without an answer.</param>
    /// <param name="P50">Median; not a number if nothing came.</param>
    /// <param name="P99">99th percentile.</param>
    /// <param name="P999">99.9th percentile.</param>
    /// <param name="PerSecond">Answers a second.</param>
    internal sealed record Result(long Sent, long Lost, double P50, double P99, double P999, double PerSecond);

    /// <summary>Sends every datagram back; ends with the process.</summary>
    public static void Echo(int port, Action ready)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Any, port));
        var buffer = new byte[2048];
        var from = new SocketAddress(AddressFamily.InterNetwork);
        ready();
        while (true)
        {
            var length = socket.ReceiveFrom(buffer, SocketFlags.None, from);
            socket.SendTo(buffer.AsSpan(0, length), SocketFlags.None, from);
        }
    }

    /// <summary>One request at a time; the first fifth of the time is warm-up.</summary>
    public static Result PingPong(IPAddress address, int port, double seconds)
    {
        using var flow = new Flow(address, port);
        var times = new List<double>(1 << 20);
        long sent = 0;
        var started = Stopwatch.GetTimestamp();
        var measured = started;
        for (var number = 1L; Stopwatch.GetElapsedTime(started).TotalSeconds < seconds; number++)
        {
            if (times.Count > 0 && measured == started && Stopwatch.GetElapsedTime(started).TotalSeconds > seconds / 5)
            {
                times.Clear();
                sent = 0;
                measured = Stopwatch.GetTimestamp();
            }

            var at = Stopwatch.GetTimestamp();
            if (flow.Send(number)) sent++;
            while (flow.Receive(0) is var answer && answer != 0)
            {
                // A late answer to an earlier request that was given up is not this one's.
                if (answer != number) continue;
                times.Add(Stopwatch.GetElapsedTime(at).TotalMicroseconds);
                break;
            }
        }

        return Judge(times, sent, Stopwatch.GetElapsedTime(measured).TotalSeconds);
    }

    /// <summary>Requests at a rate, sent whether or not answers come: what waits in a queue is counted in full.</summary>
    public static Result Probe(IPAddress address, int port, double seconds, double rate)
    {
        using var flow = new Flow(address, port);
        var times = new List<double>(1 << 20);
        long sent = 0;
        var started = Stopwatch.GetTimestamp();
        var step = (long)(Stopwatch.Frequency / rate);
        var next = started;
        var end = started + (long)(seconds * Stopwatch.Frequency);
        var grace = end + (long)(Grace.TotalSeconds * Stopwatch.Frequency);
        for (var now = started; now < grace && (now < end || times.Count < sent); now = Stopwatch.GetTimestamp())
        {
            if (now >= next && now < end)
            {
                // The request carries its time: an answer needs no table to be told from the others.
                if (flow.Send(Stopwatch.GetTimestamp())) sent++;
                next += step;
                continue;
            }

            var until = now < end ? Math.Min(next, end) : grace;
            if (flow.Wait((until - now) * (1_000_000_000 / Stopwatch.Frequency)) && flow.Receive(Libc.MsgDontWait) is var sentAt && sentAt != 0)
                times.Add(Stopwatch.GetElapsedTime(sentAt).TotalMicroseconds);
        }

        return Judge(times, sent, seconds);
    }

    private static Result Judge(List<double> times, long sent, double seconds) => new(
        sent, sent - times.Count, Statistics.Percentile(times, 0.5), Statistics.Percentile(times, 0.99), Statistics.Percentile(times, 0.999), times.Count / seconds);

    // A connected socket with one request and one answer in pinned memory.
    private sealed class Flow : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        private readonly byte[] _data = GC.AllocateArray<byte>(Length, pinned: true);
        private readonly nint _address;
        private readonly int _descriptor;

        public Flow(IPAddress address, int port)
        {
            _socket.ReceiveTimeout = 1000;
            _socket.Connect(new IPEndPoint(address, port));
            _descriptor = Libc.Descriptor(_socket);
            _address = Marshal.UnsafeAddrOfPinnedArrayElement(_data, 0);
        }

        public bool Send(long number)
        {
            BinaryPrimitives.WriteInt64LittleEndian(_data, number);
            return Libc.Send(_descriptor, _address, Length, 0) == Length;
        }

        public bool Wait(long nanoseconds)
        {
            var poll = new Libc.PollDescriptor { Descriptor = _descriptor, Events = Libc.PollIn };
            var (seconds, rest) = Math.DivRem(Math.Max(nanoseconds, 0), 1_000_000_000);
            var time = new Libc.TimeSpec { Seconds = seconds, Nanoseconds = rest };
            return Libc.Poll(ref poll, 1, ref time, 0) > 0;
        }

        /// <summary>The number in the answer; 0 if none came.</summary>
        public long Receive(int flags) =>
            Libc.Receive(_descriptor, _address, Length, flags) == Length ? BinaryPrimitives.ReadInt64LittleEndian(_data) : 0;

        public void Dispose() => _socket.Dispose();
    }
}
