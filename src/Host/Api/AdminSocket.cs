using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Overlay.Host.Api;

/// <summary>The Unix socket of the admin API: its directory, its mode, and what to do about one that is there already.</summary>
internal static class AdminSocket
{
    private const UnixFileMode DirectoryMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute |
        UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private const UnixFileMode SocketMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    /// <summary>Makes the directory and removes the socket of a process that died.</summary>
    /// <returns>Why the path cannot be used, or null.</returns>
    public static string? Prepare(string path)
    {
        try
        {
            if (Path.GetDirectoryName(path) is { Length: > 0 } directory && !Directory.Exists(directory))
            {
                Directory.CreateDirectory(directory, DirectoryMode);
            }

            if (!Path.Exists(path))
            {
                return null;
            }

            using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                probe.Connect(new UnixDomainSocketEndPoint(path));
                return $"admin.socket: another overlayd answers at {path}: stop it, or give this one a socket of its own. Run: overlayctl --socket {path} status";
            }
            catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
            {
                // Nobody listens, be it a dead socket or no socket at all: the kernel refuses both alike.
                if (!IsSocket(path))
                {
                    return $"admin.socket: {path} is not a socket: remove it, or choose another path";
                }

                File.Delete(path);
                return null;
            }
            catch (SocketException other)
            {
                return $"admin.socket: {path} cannot be used: {other.Message}. Run: ls -l {path}";
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"admin.socket: {path} cannot be used: {error.Message}. Run: ls -ld {Path.GetDirectoryName(path)}";
        }
    }

    // A socket is the one thing that cannot be opened, whoever asks (ENXIO). Both ways, because that does not wait at a FIFO.
    private static bool IsSocket(string path)
    {
        if (Directory.Exists(path))
        {
            return false;
        }

        try
        {
            using var opened = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>A socket bound to the path, with mode 0660 before anybody can connect: it does not listen yet.</summary>
    public static Socket Bind(EndPoint endPoint)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(endPoint);
            File.SetUnixFileMode(endPoint.ToString()!, SocketMode);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Adds Kestrel on the socket, with limits for clients that are slow, idle or many.</summary>
    public static void AddAdminSocket(this WebApplicationBuilder builder, string path)
    {
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;

            // More than careless scripts leave open, few enough to cost little; a client that says nothing has gone in ten seconds.
            kestrel.Limits.MaxConcurrentConnections = 512;
            kestrel.Limits.MaxConcurrentUpgradedConnections = 0;
            kestrel.Limits.MaxRequestBodySize = AdminApi.MaxBodySize;
            kestrel.Limits.MaxRequestLineSize = 8 * 1024;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(5);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
            kestrel.Limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
            kestrel.ListenUnixSocket(path, listen => listen.Protocols = HttpProtocols.Http1);
        });
        builder.Services.Configure<SocketTransportOptions>(options =>
        {
            options.IOQueueCount = 1;
            options.CreateBoundListenSocket = Bind;
        });
    }
}
