using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>
/// TCP MD5 signatures (RFC 2385) by the kernel: a key per peer, or per prefix, on a socket. On a listener it must be there before the SYN arrives, on a
/// connecting socket before it connects. Needs no privilege; a kernel without CONFIG_TCP_MD5SIG, or one in FIPS mode, refuses.
/// </summary>
/// <remarks>A prefix with a key asks for signatures from every address in it: the kernel knows no "no key" for one of them.</remarks>
internal static class TcpMd5
{
    /// <summary>Longest key in octets (TCP_MD5SIG_MAXKEYLEN).</summary>
    public const int LongestKey = 80;

    private const int LevelTcp = 6;
    private const int OptionKey = 14;
    private const int OptionKeyForPrefix = 32;
    private const byte FlagPrefix = 1;

    // struct tcp_md5sig: sockaddr_storage 128, flags 1, prefix length 1, key length 2, interface 4, key 80; numbers in host order.
    private const int Length = 216;
    private const int OffsetFlags = 128;
    private const int OffsetPrefixLength = 129;
    private const int OffsetKeyLength = 130;
    private const int OffsetKey = 136;

    /// <summary>Sets, replaces or removes the key of one peer.</summary>
    /// <param name="socket">A socket of the peer's family.</param>
    /// <param name="peer">The peer.</param>
    /// <param name="password">The key as UTF-8; null removes it.</param>
    /// <returns>Null, or why the kernel refused.</returns>
    public static string? TrySet(Socket socket, UnderlayAddress peer, string? password) => TrySet(socket, OptionKey, peer, prefixLength: -1, password);

    /// <summary>Sets, replaces or removes the key of a prefix.</summary>
    /// <param name="socket">A socket of the prefix' family.</param>
    /// <param name="prefix">First address of the prefix.</param>
    /// <param name="prefixLength">Bits of it.</param>
    /// <param name="password">The key as UTF-8; null removes it.</param>
    /// <returns>Null, or why the kernel refused.</returns>
    public static string? TrySetPrefix(Socket socket, UnderlayAddress prefix, int prefixLength, string? password) =>
        TrySet(socket, OptionKeyForPrefix, prefix, prefixLength, password);

    private static string? TrySet(Socket socket, int option, UnderlayAddress address, int prefixLength, string? password)
    {
        Span<byte> value = stackalloc byte[Length];
        value.Clear();
        new IPEndPoint(address.ToIPAddress(), 0).Serialize().Buffer.Span.CopyTo(value);
        if (prefixLength >= 0)
        {
            value[OffsetFlags] = FlagPrefix;
            value[OffsetPrefixLength] = (byte)prefixLength;
        }

        if (password is not null)
        {
            byte[] key = Encoding.UTF8.GetBytes(password);
            if (key.Length is 0 or > LongestKey)
                return $"a TCP MD5 key has 1 to {LongestKey} octets, not {key.Length}";
            ushort length = (ushort)key.Length;
            MemoryMarshal.Write(value[OffsetKeyLength..], in length);
            key.CopyTo(value[OffsetKey..]);
        }

        try
        {
            socket.SetRawSocketOption(LevelTcp, option, value);
            return null;
        }
        catch (SocketException error)
        {
            // There was no key to remove: what is asked for is so already.
            return password is null ? null : $"the kernel refuses TCP MD5: {error.Message}";
        }
        finally
        {
            value.Clear();
        }
    }
}
