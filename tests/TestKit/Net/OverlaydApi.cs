using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Overlay.TestKit.Net;

/// <summary>A client of the admin API on its Unix socket. Reads JSON as it comes, without the product's own contract types.</summary>
public sealed class OverlaydApi : IDisposable
{
    private readonly HttpClient _client;

    /// <summary>A client of the socket; nothing is connected yet.</summary>
    public OverlaydApi(string socketPath)
    {
        _client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancel);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        })
        { BaseAddress = new Uri("http://localhost"), Timeout = TimeSpan.FromSeconds(10) };
    }

    /// <summary>GET; throws unless the answer is 200.</summary>
    public JsonNode Get(string path)
    {
        var (status, body) = Send(HttpMethod.Get, path);
        return status == HttpStatusCode.OK ? body! : throw new InvalidOperationException($"GET {path}: {(int)status} {body}");
    }

    /// <summary>Any request; the status is for the caller to judge.</summary>
    public (HttpStatusCode Status, JsonNode? Body) Send(HttpMethod method, string path, string? yaml = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (yaml is not null) request.Content = new StringContent(yaml, Encoding.UTF8, "application/yaml");
        using var response = _client.Send(request);
        using var reader = new StreamReader(response.Content.ReadAsStream());
        var text = reader.ReadToEnd();
        return (response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();
}
