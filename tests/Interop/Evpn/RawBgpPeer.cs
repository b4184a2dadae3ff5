using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Overlay.TestKit.Net;

namespace Overlay.Interop.Evpn;

/// <summary>A BGP peer made of octets: it connects from an address of its choice and says what it is told to say.</summary>
internal sealed class RawBgpPeer : IDisposable
{
    private readonly Socket _socket;

    /// <summary>Connects to TCP 179 of <paramref name="to"/>.</summary>
    public RawBgpPeer(string netns, string from, string to)
    {
        From = from;
        _socket = NetNs.Run(netns, () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 15_000 });
        _socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        _socket.Connect(IPAddress.Parse(to), 179);
    }

    public string From { get; }

    /// <summary>An OPEN, four octets an AS unless told otherwise, hold time 0.</summary>
    public static byte[] Open(uint number, byte[] identifier, bool isWide = true, bool isLong = false)
    {
        List<byte> capabilities = [1, 4, 0, 25, 0, 70, 2, 0, 70, 0];
        if (isLong) capabilities.AddRange([6, 0]);
        if (isWide) capabilities.AddRange([65, 4, (byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number]);
        byte[] body = [4, (byte)(number >> 8), (byte)number, 0, 0, .. identifier, (byte)(capabilities.Count + 2), 2, (byte)capabilities.Count, .. capabilities];
        return Message(1, body);
    }

    public static byte[] Keepalive { get; } = Message(4, []);

    /// <summary>ROUTE-REFRESH: send your EVPN routes again.</summary>
    public static byte[] Refresh { get; } = Message(5, [0, 25, 0, 70]);

    /// <summary>Cease/Hard Reset (RFC 8538): what was given goes at once.</summary>
    public static byte[] HardReset { get; } = Message(3, [6, 9]);

    /// <summary>An UPDATE that announces one MAC behind a VTEP, in VNI 100 with route target 65001:100 and VXLAN.</summary>
    public static byte[] Announce(byte[] mac, byte[] vtep, ushort number)
    {
        byte[] route = [2, 33, 0, 1, .. vtep, 0, 1, .. new byte[10], 0, 0, 0, 0, 48, .. mac, 0, 0, 0, 100];
        byte[] reach = [0, 25, 70, 4, .. vtep, 0, .. route];
        byte[] path = [2, 1, 0, 0, (byte)(number >> 8), (byte)number];
        byte[] communities = [0, 2, 0xfd, 0xe9, 0, 0, 0, 100, 3, 0x0c, 0, 0, 0, 0, 0, 8];
        byte[] attributes = [0x80, 14, (byte)reach.Length, .. reach, 0x40, 1, 1, 0, 0x40, 2, (byte)path.Length, .. path, 0xc0, 16, (byte)communities.Length, .. communities];
        return Message(2, [0, 0, (byte)(attributes.Length >> 8), (byte)attributes.Length, .. attributes]);
    }

    /// <summary>Goes through OPEN and KEEPALIVE, and reads until our routes have come.</summary>
    public void Establish(byte[] open)
    {
        Send(open);
        Expect(1);
        Send(Keepalive);
        Expect(4);
    }

    public void Send(ReadOnlySpan<byte> octets) => _socket.Send(octets);

    /// <summary>The next message; null at the end of the connection.</summary>
    public byte[]? Read()
    {
        var header = new byte[19];
        if (!Fill(header)) return null;
        var message = new byte[Math.Max(19, (int)BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(16)))];
        header.CopyTo(message, 0);
        return Fill(message.AsSpan(19)) ? message : null;
    }

    /// <summary>Reads until a message of a type, or a NOTIFICATION, or the end; null at the end.</summary>
    public byte[]? Until(byte type)
    {
        while (Read() is { } message)
        {
            if (message[18] == type || message[18] == 3) return message;
        }

        return null;
    }

    public void Dispose() => _socket.Dispose();

    private static byte[] Message(byte type, byte[] body) => [.. Enumerable.Repeat((byte)0xff, 16), (byte)((19 + body.Length) >> 8), (byte)(19 + body.Length), type, .. body];

    private void Expect(byte type)
    {
        var message = Until(type) ?? throw new InvalidOperationException($"{From}: the connection ended before a message of type {type}");
        if (message[18] != type) throw new InvalidOperationException($"{From}: NOTIFICATION {message[19]}/{message[20]} instead of a message of type {type}");
    }

    private bool Fill(Span<byte> octets)
    {
        try
        {
            while (octets.Length > 0)
            {
                var read = _socket.Receive(octets);
                if (read == 0) return false;
                octets = octets[read..];
            }

            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset)
        {
            return false;
        }
    }
}
