using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Overlay.Control.Etcd.Options;

namespace Overlay.Control.Etcd.Client;

/// <summary>
/// Connections to all members, made with what the files of TLS said when it was made. A peer that is gone without a word is found out by TCP: keep-alives on a silent
/// connection, a limit on what is not acknowledged.
/// </summary>
/// <remarks><b>Threading:</b> any thread. <b>Ownership:</b> streams that were opened outlive it.</remarks>
internal sealed class EtcdConnections : IDisposable
{
    private const int IpProtoTcp = 6;
    private const int TcpUserTimeout = 18;
    private const int KeepAliveSeconds = 5;
    private const int KeepAliveProbes = 3;
    private static readonly TimeSpan Unacknowledged = TimeSpan.FromSeconds(10);
    private readonly EtcdTls? _tls;
    private readonly HttpMessageInvoker _http;

    /// <param name="options">Settings.</param>
    /// <param name="tls">For https endpoints; owned by this from here on.</param>
    public EtcdConnections(EtcdOptions options, EtcdTls? tls)
    {
        _tls = tls;
        _http = new HttpMessageInvoker(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                AutomaticDecompression = DecompressionMethods.None,
                ConnectCallback = ConnectAsync,
                ConnectTimeout = options.ConnectTimeout,
                MaxResponseHeadersLength = 16,
                PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),

                // Names of members may come to mean other addresses.
                PooledConnectionLifetime = TimeSpan.FromMinutes(10),
                UseCookies = false,
                UseProxy = false,
            },
            disposeHandler: true);
    }

    /// <summary>Sends a request; the answer's content is still to come.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => _http.SendAsync(request, cancellationToken);

    public void Dispose()
    {
        _http.Dispose();
        _tls?.Dispose();
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 1);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveProbes);
            if (OperatingSystem.IsLinux())
            {
                byte[] milliseconds = new byte[sizeof(int)];
                BinaryPrimitives.WriteInt32LittleEndian(milliseconds, (int)Unacknowledged.TotalMilliseconds);
                socket.SetRawSocketOption(IpProtoTcp, TcpUserTimeout, milliseconds);
            }

            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            stream = new NetworkStream(socket, ownsSocket: true);
            if (context.InitialRequestMessage.RequestUri?.Scheme != Uri.UriSchemeHttps)
            {
                return stream;
            }

            // A handler of HTTP takes the name to check from the address that is asked; here it may be another, so TLS is made here.
            var secure = new SslStream(stream);
            stream = secure;
            await secure.AuthenticateAsClientAsync(_tls!.For(context.DnsEndPoint.Host), cancellationToken);
            return secure;
        }
        catch (Exception error)
        {
            if (stream is null)
            {
                socket.Dispose();
                throw;
            }

            await stream.DisposeAsync();
            if (error is IOException)
            {
                throw new AuthenticationException(error.Message, error);
            }

            throw;
        }
    }
}
