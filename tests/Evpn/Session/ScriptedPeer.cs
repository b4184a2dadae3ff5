using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Overlay.Control.Evpn.Tests.Session;

/// <summary>A peer that does exactly what a test says. Its messages are made here, octet by octet, not by the code under test.</summary>
internal sealed class ScriptedPeer : IDisposable
{
    public static readonly byte[] Keepalive = Message(4);

    private readonly Socket _socket;

    private ScriptedPeer(Socket socket) => _socket = socket;

    public Socket Socket => _socket;

    /// <summary>Opens a connection from an address.</summary>
    public static async Task<ScriptedPeer> ConnectAsync(string from, string to, int port = TestSpeaker.Port, Action<Socket>? prepare = null)
    {
        var local = IPAddress.Parse(from);
        var socket = new Socket(local.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        prepare?.Invoke(socket);
        socket.Bind(new IPEndPoint(local, 0));
        await socket.ConnectAsync(IPAddress.Parse(to), port);
        return new ScriptedPeer(socket);
    }

    /// <summary>Listens at an address.</summary>
    public static Socket Listen(string address, int port = TestSpeaker.Port)
    {
        var local = IPAddress.Parse(address);
        var socket = new Socket(local.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(local, port));
        socket.Listen();
        return socket;
    }

    public static async Task<ScriptedPeer> AcceptAsync(Socket listener) => new(await listener.AcceptAsync(new CancellationTokenSource(TimeSpan.FromSeconds(40)).Token));

    public static byte[] Message(byte type, params ReadOnlySpan<byte> body)
    {
        byte[] message = new byte[19 + body.Length];
        message.AsSpan(0, 16).Fill(0xFF);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(16), (ushort)message.Length);
        message[18] = type;
        body.CopyTo(message.AsSpan(19));
        return message;
    }

    /// <summary>An OPEN with the capabilities given as octets; by default EVPN, route refresh and the four-octet AS.</summary>
    public static byte[] Open(uint number = 65001, ushort hold = 90, uint routerId = 0x0A0A0A0A, byte version = 4, byte[]? capabilities = null)
    {
        capabilities ??= [.. EvpnCapability, 2, 0, .. As4(number)];
        byte[] body = new byte[12 + capabilities.Length];
        body[0] = version;
        BinaryPrimitives.WriteUInt16BigEndian(body.AsSpan(1), number > 65535 ? (ushort)23456 : (ushort)number);
        BinaryPrimitives.WriteUInt16BigEndian(body.AsSpan(3), hold);
        BinaryPrimitives.WriteUInt32BigEndian(body.AsSpan(5), routerId);
        body[9] = (byte)(2 + capabilities.Length);
        body[10] = 2;
        body[11] = (byte)capabilities.Length;
        capabilities.CopyTo(body.AsSpan(12));
        return Message(1, body);
    }

    public static byte[] EvpnCapability => [1, 4, 0, 25, 0, 70];

    public static byte[] GracefulRestart(int flagsAndTime, byte familyFlags = 0x80) => [64, 6, (byte)(flagsAndTime >> 8), (byte)flagsAndTime, 0, 25, 70, familyFlags];

    public static byte[] As4(uint number) => [65, 4, (byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number];

    public async Task SendAsync(params byte[] octets) => await _socket.SendAsync(octets);

    /// <summary>The next message, or null at the end of the connection.</summary>
    public async Task<(byte Type, byte[] Body)?> ReadAsync(int seconds = 40)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        byte[]? header = await ReadExactlyAsync(19, limit.Token);
        if (header is null)
            return null;
        byte[]? body = await ReadExactlyAsync(BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(16)) - 19, limit.Token);
        return body is null ? null : (header[18], body);
    }

    /// <summary>Reads on until a message of the type, or null at the end.</summary>
    public async Task<byte[]?> ReadTypeAsync(byte type)
    {
        while (await ReadAsync() is { } message)
        {
            if (message.Type == type)
                return message.Body;
        }

        return null;
    }

    /// <summary>OPEN and KEEPALIVE both ways.</summary>
    public async Task<byte[]> EstablishAsync(byte[]? open = null)
    {
        await SendAsync(open ?? Open());
        byte[]? theirs = await ReadTypeAsync(1);
        Assert.NotNull(theirs);
        await SendAsync(Keepalive);
        Assert.NotNull(await ReadTypeAsync(4));
        return theirs;
    }

    public void Dispose() => _socket.Dispose();

    private async Task<byte[]?> ReadExactlyAsync(int length, CancellationToken token)
    {
        byte[] octets = new byte[length];
        int got = 0;
        while (got < length)
        {
            int now;
            try
            {
                now = await _socket.ReceiveAsync(octets.AsMemory(got), token);
            }
            catch (SocketException)
            {
                return null;
            }

            if (now == 0)
                return null;
            got += now;
        }

        return octets;
    }
}
