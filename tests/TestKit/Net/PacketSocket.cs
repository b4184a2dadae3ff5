using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Overlay.TestKit.Net;

/// <summary>
/// An AF_PACKET socket on one device: sends whole frames exactly as given and collects what passes. The kernel takes 802.1Q tags out of received
/// frames; they are put back from the auxiliary data, so that a frame reads as it was on the wire.
/// </summary>
public sealed class PacketSocket : IDisposable
{
    private const int FrameSize = 66_000;
    private readonly int _fd;
    private readonly Thread? _reader;
    private readonly List<CapturedFrame> _frames = [];
    private readonly Func<byte[], bool>? _filter;
    private readonly string _where;
    private volatile bool _stop;

    /// <summary>Opens the socket.</summary>
    /// <param name="netns">The namespace.</param>
    /// <param name="device">The device in it.</param>
    /// <param name="receive">Collect frames; without it the socket only sends.</param>
    /// <param name="outgoing">Collect frames that the namespace itself sends, too.</param>
    /// <param name="filter">Which frames to keep; null keeps all.</param>
    public PacketSocket(string netns, string device, bool receive = true, bool outgoing = false, Func<byte[], bool>? filter = null)
    {
        _where = $"{netns}/{device}";
        _filter = filter;
        _fd = NetNs.Run(netns, () =>
        {
            var fd = Native.Check(Native.socket(Native.AfPacket, Native.SockRaw, 0), "packet socket");
            var index = Native.if_nametoindex(device);
            if (index == 0) throw new IOException($"no device {device} in {netns}");
            Set(fd, Native.SolPacket, Native.PacketAuxData, 1);
            if (!outgoing) Set(fd, Native.SolPacket, Native.PacketIgnoreOutgoing, 1);

            // Root of a user namespace gets what the host allows everybody.
            Enlarge(fd, Native.SoRcvBufForce, Native.SoRcvBuf, 64 << 20);
            Enlarge(fd, Native.SoSndBufForce, Native.SoSndBuf, 8 << 20);
            var address = new byte[20];
            BinaryPrimitives.WriteUInt16LittleEndian(address, Native.AfPacket);
            BinaryPrimitives.WriteUInt16BigEndian(address.AsSpan(2), receive ? (ushort)3 : (ushort)0); // ETH_P_ALL; 0 receives nothing
            BinaryPrimitives.WriteUInt32LittleEndian(address.AsSpan(4), index);
            Native.Check(Native.bind(fd, address, address.Length), "bind packet socket");
            return fd;
        });
        if (!receive) return;
        _reader = new Thread(Read) { IsBackground = true, Name = $"sniff {_where}" };
        _reader.Start();
    }

    /// <summary>A copy of what was collected so far.</summary>
    public IReadOnlyList<CapturedFrame> Frames
    {
        get
        {
            lock (_frames) return [.. _frames];
        }
    }

    /// <summary>How often the device's queue was full when something was sent, by one thread.</summary>
    public long Refused { get; private set; }

    /// <summary>How many frames were collected.</summary>
    public int Count
    {
        get
        {
            lock (_frames) return _frames.Count;
        }
    }

    /// <summary>Forgets what was collected.</summary>
    public void Clear()
    {
        lock (_frames) _frames.Clear();
    }

    /// <summary>Sends a frame; waits while the device's queue is full. False if the kernel refuses it (longer than the MTU).</summary>
    public bool TrySend(byte[] frame)
    {
        while (true)
        {
            if (Native.send(_fd, frame, frame.Length, 0) == frame.Length) return true;
            var error = Marshal.GetLastPInvokeError();
            if (error is not (Native.EAgain or Native.EIntr or Native.ENoBufs)) return false;
            if (error == Native.ENoBufs) Refused++;
            Thread.Yield();
        }
    }

    /// <summary>Sends a frame once, whatever becomes of it: the kernel says so if the device's queue is full.</summary>
    public void Offer(byte[] frame) => _ = Native.send(_fd, frame, frame.Length, 0);

    /// <summary>Sends a frame or throws.</summary>
    public void Send(byte[] frame)
    {
        if (!TrySend(frame)) throw new IOException($"send of {frame.Length} octets on {_where}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>The first collected frame that matches, waiting for it.</summary>
    public byte[] WaitFor(Func<byte[], bool> match, string what, TimeSpan? limit = null)
    {
        byte[]? found = null;
        Wait.Until(() => (found = Find(match)) is not null, limit ?? TimeSpan.FromSeconds(5), $"on {_where}: {what}",
            () => string.Join('\n', Frames.TakeLast(10).Select(f => Convert.ToHexString(f.Data.AsSpan(0, Math.Min(96, f.Data.Length))))));
        return found!;
    }

    /// <summary>The first collected frame that matches, or null.</summary>
    public byte[]? Find(Func<byte[], bool> match)
    {
        lock (_frames) return _frames.FirstOrDefault(f => match(f.Data))?.Data;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop = true;
        _reader?.Join();
        _ = Native.close(_fd);
    }

    private static void Set(int fd, int level, int option, int value) =>
        Native.Check(Native.setsockopt(fd, level, option, ref value, sizeof(int)), $"setsockopt {level} {option}");

    private static void Enlarge(int fd, int force, int ask, int octets)
    {
        if (Native.setsockopt(fd, Native.SolSocket, force, ref octets, sizeof(int)) != 0) Set(fd, Native.SolSocket, ask, octets);
    }

    private void Read()
    {
        const int Name = 0, Vector = 64, Control = 96, Header = 192, Data = 256;
        var memory = Marshal.AllocHGlobal(Data + FrameSize);
        try
        {
            var poll = new Native.PollFd[] { new() { Fd = _fd, Events = Native.PollIn } };
            while (!_stop)
            {
                if (Native.poll(poll, 1, 50) <= 0) continue;
                Marshal.WriteIntPtr(memory, Vector, memory + Data);
                Marshal.WriteIntPtr(memory, Vector + 8, FrameSize);
                Marshal.WriteIntPtr(memory, Header, memory + Name);
                Marshal.WriteIntPtr(memory, Header + 8, 20);
                Marshal.WriteIntPtr(memory, Header + 16, memory + Vector);
                Marshal.WriteIntPtr(memory, Header + 24, 1);
                Marshal.WriteIntPtr(memory, Header + 32, memory + Control);
                Marshal.WriteIntPtr(memory, Header + 40, 96);
                Marshal.WriteIntPtr(memory, Header + 48, 0);
                var length = (int)Native.recvmsg(_fd, memory + Header, Native.MsgDontWait);
                if (length <= 0) continue;
                Keep(memory, length, (int)Marshal.ReadIntPtr(memory, Header + 40), Control, Data, outgoing: Marshal.ReadByte(memory, Name + 10) == 4);
            }
        }
        finally
        {
            Marshal.FreeHGlobal(memory);
        }
    }

    private void Keep(IntPtr memory, int length, int controlLength, int control, int data, bool outgoing)
    {
        byte[] tag = [];
        if (controlLength >= 36 && Marshal.ReadInt32(memory, control + 8) == Native.SolPacket && Marshal.ReadInt32(memory, control + 12) == Native.PacketAuxData)
        {
            var status = Marshal.ReadInt32(memory, control + 16);
            if ((status & 0x10) != 0)
            {
                tag = new byte[4];
                BinaryPrimitives.WriteUInt16BigEndian(tag, (status & 0x40) != 0 ? (ushort)Marshal.ReadInt16(memory, control + 34) : (ushort)0x8100);
                BinaryPrimitives.WriteUInt16BigEndian(tag.AsSpan(2), (ushort)Marshal.ReadInt16(memory, control + 32));
            }
        }

        var frame = new byte[length + tag.Length];
        var head = tag.Length == 0 ? length : Math.Min(12, length);
        Marshal.Copy(memory + data, frame, 0, head);
        tag.CopyTo(frame.AsSpan(head));
        if (tag.Length > 0) Marshal.Copy(memory + data + head, frame, head + tag.Length, length - head);
        if (_filter is not null && !_filter(frame)) return;
        lock (_frames) _frames.Add(new CapturedFrame(frame, outgoing, TimeProvider.System.GetUtcNow()));
    }
}
