using System.Net;
using System.Net.Sockets;
using Overlay.TestKit.Net;

namespace Overlay.Interop.Metrics;

/// <summary>Reads a daemon's metrics listener on the loopback of its namespace.</summary>
internal sealed class PageClient(string netns) : IDisposable
{
    /// <summary>Where every daemon of these tests serves its metrics.</summary>
    public const string Yaml = "metrics: { listen: 127.0.0.1:9478 }";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly HttpClient _http = new(new SocketsHttpHandler { ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(new NetworkStream(NetNs.Run(netns, Connect), ownsSocket: true)) })
    {
        BaseAddress = new Uri("http://127.0.0.1:9478"),
        Timeout = Patience,
    };

    /// <summary>The page, waiting for the listener to begin.</summary>
    public MetricsPage Read()
    {
        string? text = null;
        Wait.Until(() => (text = Try("/metrics")) is not null, Patience, "the metrics listener answers");
        return new MetricsPage(text!);
    }

    /// <summary>Status and body of a resource.</summary>
    public (HttpStatusCode Status, string Body) Get(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        using var response = _http.Send(request);
        using var reader = new StreamReader(response.Content.ReadAsStream());
        return (response.StatusCode, reader.ReadToEnd());
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static Socket Connect()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, 9478);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private string? Try(string path)
    {
        try
        {
            var (status, body) = Get(path);
            return status == HttpStatusCode.OK ? body : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
