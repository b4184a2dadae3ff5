using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Overlay.Control.Etcd.Tests.Support;

/// <summary>A gateway that says what the test wants; where the test wants nothing it is an empty store.</summary>
internal sealed class FakeGateway : IAsyncDisposable
{
    private const string Header = "\"header\":{\"cluster_id\":\"1\",\"member_id\":\"2\",\"revision\":\"5\",\"raft_term\":\"3\"}";
    private readonly WebApplication _app;

    private FakeGateway(WebApplication app)
    {
        _app = app;
    }

    /// <summary>What a path does instead; the whole of the answer.</summary>
    public ConcurrentDictionary<string, Func<HttpContext, string, Task>> Instead { get; } = [];

    public ConcurrentQueue<(string Path, string Body)> Requests { get; } = [];

    public Uri Endpoint { get; private set; } = null!;

    public static async Task<FakeGateway> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static k => k.Listen(System.Net.IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        var gateway = new FakeGateway(app);
        app.Run(gateway.ServeAsync);
        await app.StartAsync();
        gateway.Endpoint = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return gateway;
    }

    public static Task SayAsync(HttpContext http, string text) => SayAsync(http, Encoding.UTF8.GetBytes(text));

    public static async Task SayAsync(HttpContext http, byte[] octets)
    {
        await http.Response.Body.WriteAsync(octets);
        await http.Response.Body.FlushAsync();
    }

    public static Task HangAsync(HttpContext http) => Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task ServeAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        string body = await reader.ReadToEndAsync();
        string path = http.Request.Path.Value!;
        Requests.Enqueue((path, body));
        if (Instead.TryGetValue(path, out Func<HttpContext, string, Task>? instead))
        {
            await instead(http, body);
            return;
        }

        await DefaultAsync(http, body);
    }

    /// <summary>What an empty store says.</summary>
    public static async Task DefaultAsync(HttpContext http, string body)
    {
        switch (http.Request.Path.Value)
        {
            case "/v3/maintenance/status":
                await SayAsync(http, $"{{{Header},\"version\":\"3.4.0\",\"leader\":\"2\"}}");
                break;
            case "/v3/lease/grant" or "/v3/lease/timetolive":
                await SayAsync(http, $"{{{Header},\"ID\":\"77\",\"TTL\":\"5\"}}");
                break;
            case "/v3/lease/keepalive":
                await SayAsync(http, $"{{\"result\":{{{Header},\"ID\":\"77\",\"TTL\":\"5\"}}}}\n");
                break;
            case "/v3/kv/txn":
                int count = body.Split("request_txn").Length - 1;
                await SayAsync(http, $"{{{Header},\"succeeded\":true,\"responses\":[{string.Join(',', Enumerable.Repeat("{\"response_txn\":{\"succeeded\":true}}", count))}]}}");
                break;
            case "/v3/watch":
                for (int i = 1; i < body.Split("create_request").Length; i++)
                {
                    await SayAsync(http, $"{{\"result\":{{{Header},\"watch_id\":\"{i}\",\"created\":true}}}}\n");
                }

                await HangAsync(http);
                break;
            default:
                await SayAsync(http, $"{{{Header}}}");
                break;
        }
    }
}
