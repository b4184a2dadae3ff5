using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Overlay.Control.Evpn.Options;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>Makes the TCP sockets of BGP and sets what an operator configured on them. Failures of the kernel are sentences or <see cref="SocketException"/>s as each method says.</summary>
internal static class BgpSockets
{
    /// <summary>DSCP CS6, network control (RFC 4594 §3.1), in the place of the TOS octet.</summary>
    public const int TypeOfService = 0xC0;

    private const int LevelIp = 0;
    private const int LevelTcp = 6;
    private const int LevelIpv6 = 41;
    private const int IpTos = 1;
    private const int IpTtl = 2;
    private const int IpFreeBind = 15;
    private const int IpMinTtl = 21;
    private const int Ipv6UnicastHops = 16;
    private const int Ipv6Only = 26;
    private const int Ipv6TrafficClass = 67;
    private const int Ipv6MinHopCount = 73;
    private const int Ipv6FreeBind = 78;
    private const int TcpSaveSyn = 27;
    private const int TcpSavedSyn = 28;
    private const int Backlog = 128;
    private const int DefaultTtl = 64;
    private const int LongestTtl = 255;

    /// <summary>Opens a listening socket. It listens whether or not the address exists yet.</summary>
    /// <param name="address">Where; unspecified for all of the family.</param>
    /// <param name="port">TCP port; 0 lets the kernel choose.</param>
    /// <param name="prepare">Sets keys before the socket listens.</param>
    /// <exception cref="SocketException">The kernel refused.</exception>
    public static Socket Listen(UnderlayAddress address, int port, Action<Socket> prepare)
    {
        Socket socket = New(address.Family);
        try
        {
            Set(socket, address.IsIPv4 ? LevelIp : LevelIpv6, address.IsIPv4 ? IpFreeBind : Ipv6FreeBind, 1);
            if (address.IsIPv6)
                Set(socket, LevelIpv6, Ipv6Only, 1);

            // A peer with GTSM drops a SYN-ACK of a lower TTL, and whose SYN it is shows only later. The SYN is kept, for our own check of it.
            SetTtl(socket, address.IsIPv4, LongestTtl);
            Set(socket, LevelTcp, TcpSaveSyn, 1);
            prepare(socket);
            socket.Bind(new IPEndPoint(address.ToIPAddress(), port));
            socket.Listen(Backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Opens a socket to connect to a neighbour with.</summary>
    /// <param name="neighbor">The neighbour.</param>
    /// <param name="isInternal">iBGP.</param>
    /// <param name="problem">Why there is none, in words, or null.</param>
    /// <exception cref="SocketException">The kernel refused an option that does not depend on the configuration, or the local address.</exception>
    public static Socket? ForConnect(EvpnNeighborOptions neighbor, bool isInternal, out string? problem)
    {
        Socket socket = New(neighbor.Address.Family);
        try
        {
            problem = neighbor.Password is { } password ? TcpMd5.TrySet(socket, neighbor.Address, password) : null;
            problem ??= SetDistance(socket, neighbor.Address.IsIPv4, neighbor, isInternal);
            if (problem is null)
            {
                if (!neighbor.LocalAddress.IsUnspecified)
                    socket.Bind(new IPEndPoint(neighbor.LocalAddress.ToIPAddress(), 0));
                return socket;
            }
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        socket.Dispose();
        return null;
    }

    /// <summary>Sets an accepted socket up for the neighbour that it belongs to.</summary>
    /// <param name="socket">The accepted socket.</param>
    /// <param name="peer">The neighbour.</param>
    /// <param name="options">The neighbour's settings.</param>
    /// <param name="isInternal">iBGP.</param>
    /// <returns>Null, or why the connection must not be used.</returns>
    public static string? SetUpAccepted(Socket socket, UnderlayAddress peer, EvpnSessionOptions options, bool isInternal)
    {
        try
        {
            bool isIPv4 = peer.IsIPv4;
            socket.NoDelay = true;
            if (options.TtlSecurityHops > 0 && SynTtl(socket, isIPv4) is { } ttl && ttl < LeastTtl(options.TtlSecurityHops))
            {
                // What it sent before the option below is set would get past it.
                return $"GTSM: its SYN came with TTL {ttl}, {LeastTtl(options.TtlSecurityHops)} is the least (RFC 5082)";
            }

            // The listener's key came along; set again because the key may be newer than the connection.
            return (options.Password is { } password ? TcpMd5.TrySet(socket, peer, password) : null) ?? SetDistance(socket, isIPv4, options, isInternal);
        }
        catch (SocketException error)
        {
            return error.Message;
        }
    }

    /// <summary>The least TTL that GTSM takes from a number of hops away (RFC 5082 §3): the packet of a neighbour on the link has 255.</summary>
    public static int LeastTtl(int hops) => LongestTtl - (hops - 1);

    /// <summary>An endpoint as a value; default if it is none of IP.</summary>
    public static UnderlayAddress AddressOf(EndPoint? endPoint) => endPoint is IPEndPoint ip ? UnderlayAddress.FromIPAddress(ip.Address) : default;

    /// <summary>The sentence of a failure to connect.</summary>
    public static string Describe(SocketException error) => error.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.TimedOut => "no answer to the SYN",
        SocketError.HostUnreachable => "no route to host",
        SocketError.NetworkUnreachable => "network unreachable",
        SocketError.AddressNotAvailable => "the local address is absent",
        SocketError.ConnectionReset => "connection reset",
        _ => error.Message,
    };

    private static Socket New(AddressFamilyKind family)
    {
        bool isIPv4 = family == AddressFamilyKind.IPv4;
        var socket = new Socket(isIPv4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        socket.NoDelay = true;
        Set(socket, isIPv4 ? LevelIp : LevelIpv6, isIPv4 ? IpTos : Ipv6TrafficClass, TypeOfService);
        return socket;
    }

    private static string? SetDistance(Socket socket, bool isIPv4, EvpnSessionOptions options, bool isInternal)
    {
        bool isSecured = options.TtlSecurityHops > 0;
        int ttl = options switch
        {
            { TtlSecurityHops: > 0 } => LongestTtl,
            { Multihop: > 0 } => options.Multihop,
            _ => isInternal ? DefaultTtl : 1,
        };
        try
        {
            SetTtl(socket, isIPv4, ttl);
            if (isSecured)
                Set(socket, isIPv4 ? LevelIp : LevelIpv6, isIPv4 ? IpMinTtl : Ipv6MinHopCount, LeastTtl(options.TtlSecurityHops));
            return null;
        }
        catch (SocketException error)
        {
            return $"the kernel refuses TTL {ttl}{(isSecured ? " and GTSM" : string.Empty)}: {error.Message}";
        }
    }

    private static void SetTtl(Socket socket, bool isIPv4, int ttl) => Set(socket, isIPv4 ? LevelIp : LevelIpv6, isIPv4 ? IpTtl : Ipv6UnicastHops, ttl);

    private static void Set(Socket socket, int level, int option, int value) =>
        socket.SetRawSocketOption(level, option, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));

    /// <summary>TTL or hop limit of the SYN that made a connection; null if the kernel kept none.</summary>
    private static int? SynTtl(Socket socket, bool isIPv4)
    {
        // The kernel gives the IP header first: TTL is octet 8 of IPv4, hop limit octet 7 of IPv6.
        Span<byte> headers = stackalloc byte[256];
        try
        {
            int length = socket.GetRawSocketOption(LevelTcp, TcpSavedSyn, headers);
            int offset = isIPv4 ? 8 : 7;
            return length > offset ? headers[offset] : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
