using System.Buffers.Binary;
using System.Diagnostics;
using Overlay.TestKit.Net;

namespace Overlay.Interop.Restart;

/// <summary>Numbered frames at a steady rate from one tenant to the other, of several flows, and what arrives of them.</summary>
internal sealed class SteadyFlow : IDisposable
{
    private const int Flows = 16;
    private const int NumberAt = 42;

    // Frames that wait at most: 1.2 seconds at the full rate.
    private const int Window = 12_000;
    private readonly PacketSocket _receiver;
    private readonly PacketSocket _sender;
    private readonly byte[][] _frames;
    private readonly int _rate;
    private readonly int _total;
    private readonly Thread _thread;
    private int _sent;
    private volatile bool _stop;

    public SteadyFlow(string from, string to, string fromMac, string toMac, int rate, int total = int.MaxValue)
    {
        (_rate, _total) = (rate, total);
        _frames = [.. Enumerable.Range(0, Flows).Select(flow => Wire.Ethernet(toMac, fromMac, 0x0800, Wire.Udp("10.0.0.1", "10.0.0.2", 1000 + flow, 9, new byte[64], UdpChecksum.Zero)))];
        var (destination, source) = (Wire.Mac(toMac), Wire.Mac(fromMac));
        _receiver = new PacketSocket(to, "t0", filter: frame => frame.Length > NumberAt + 4 && frame.AsSpan(0, 6).SequenceEqual(destination) && frame.AsSpan(6, 6).SequenceEqual(source) && frame[12] == 8 && frame[13] == 0 && frame[36] == 0 && frame[37] == 9);
        _sender = new PacketSocket(from, "t0", receive: false);
        _thread = new Thread(Send) { IsBackground = true, Name = "steady" };
        _thread.Start();
    }

    public int Sent => Volatile.Read(ref _sent);

    public int Received => _receiver.Count;

    /// <summary>Frames sent before the latest that was received, and not received themselves.</summary>
    public int Missing
    {
        get
        {
            var numbers = _receiver.Frames.Select(static frame => BinaryPrimitives.ReadInt32BigEndian(frame.Data.AsSpan(NumberAt))).ToHashSet();
            return numbers.Count == 0 ? 0 : numbers.Max() + 1 - numbers.Count;
        }
    }

    /// <summary>Times that the device's queue was full.</summary>
    public long Refused => _sender.Refused;

    /// <summary>Waits until so many frames were sent.</summary>
    public void RunTo(int frames) => Wait.Until(() => Sent >= frames || Sent >= _total, TimeSpan.FromSeconds(30), "frames to be sent");

    /// <summary>Waits for so many more frames to be received.</summary>
    public void AwaitMore(int frames, Func<string> detail)
    {
        var until = Received + frames;
        Wait.Until(() => Received >= until, TimeSpan.FromSeconds(10), "frames to be received", detail);
    }

    /// <summary>Waits for the end of sending, and for the last frames; what is lost, what came twice, and the longest time in which nothing came.</summary>
    public (int Lost, int Twice, TimeSpan Gap) Finish(bool now = false)
    {
        _stop = now;
        _thread.Join();
        Wait.TryUntil(() => Received >= Sent, TimeSpan.FromSeconds(10));
        var frames = _receiver.Frames;
        var seen = new HashSet<int>(frames.Count);
        var twice = 0;
        var gap = TimeSpan.Zero;
        for (var i = 0; i < frames.Count; i++)
        {
            twice += seen.Add(BinaryPrimitives.ReadInt32BigEndian(frames[i].Data.AsSpan(NumberAt))) ? 0 : 1;
            if (i > 0 && frames[i].Time - frames[i - 1].Time > gap) gap = frames[i].Time - frames[i - 1].Time;
        }

        return (Sent - seen.Count, twice, gap);
    }

    public void Dispose()
    {
        _stop = true;
        _thread.Join();
        _sender.Dispose();
        _receiver.Dispose();
    }

    // What is due is sent once a millisecond: a loop that waits for each frame would take a processor from those that are measured.
    private void Send()
    {
        var start = Stopwatch.GetTimestamp();
        var number = 0;
        while (!_stop && number < _total)
        {
            Thread.Sleep(1);
            var due = (long)(Stopwatch.GetElapsedTime(start).TotalSeconds * _rate);

            // After a pause of the whole machine it goes on at its rate, not in a burst; and where nobody reads for longer than queues are made for, it waits: that is for another measure.
            if (due - number > _rate / 50 || number - Received > Window)
            {
                start += (due - number) * Stopwatch.Frequency / _rate;
                continue;
            }

            for (; number < due && number < _total; number++)
            {
                var frame = _frames[number % Flows];
                BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(NumberAt), number);
                _sender.Send(frame);
                Volatile.Write(ref _sent, number + 1);
            }
        }
    }
}
