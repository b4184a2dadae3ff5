using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Overlay.TestKit.Net;

/// <summary>A TCP transfer between two namespaces whose content is compared, not only counted.</summary>
public static class TcpTransfer
{
    /// <summary>Sends <paramref name="octets"/> random octets from one namespace to a listener in the other; throws unless the same ones arrive within the limit.</summary>
    public static void Run(string fromNs, string toNs, string toAddress, int octets = 4 << 20, TimeSpan? limit = null)
    {
        var end = limit ?? TimeSpan.FromSeconds(20);
        var address = IPAddress.Parse(toAddress);
        var data = new byte[octets];
        new Random(octets).NextBytes(data);
        using var listener = NetNs.Run(toNs, () =>
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, 0));
            socket.Listen(1);
            return socket;
        });
        using var client = NetNs.Run(fromNs, () => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        var receiving = Task.Run(async () =>
        {
            using var accepted = await listener.AcceptAsync();
            using var stream = new NetworkStream(accepted, ownsSocket: false);
            return Convert.ToHexString(await SHA256.HashDataAsync(stream));
        });
        var sending = Task.Run(async () =>
        {
            await client.ConnectAsync(listener.LocalEndPoint!);
            for (var at = 0; at < data.Length;) at += await client.SendAsync(data.AsMemory(at, Math.Min(65_536, data.Length - at)));
            client.Shutdown(SocketShutdown.Send);
        });
        if (!Task.WaitAll([receiving, sending], end)) throw new TimeoutException($"TCP of {octets} octets to {toAddress} not done within {end.TotalSeconds} s");
        var expected = Convert.ToHexString(SHA256.HashData(data));
        if (receiving.Result != expected) throw new InvalidDataException($"TCP to {toAddress}: other octets arrived than were sent");
    }
}
