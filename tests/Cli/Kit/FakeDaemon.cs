using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Overlay.Cli.Tests.Kit;

/// <summary>Answers on a Unix socket as told.</summary>
internal sealed class FakeDaemon : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly DirectoryInfo _folder;

    private FakeDaemon(WebApplication app, DirectoryInfo folder)
    {
        _app = app;
        _folder = folder;
    }

    public string Socket => Path.Combine(_folder.FullName, "overlayd.sock");

    public List<string> Requests { get; } = [];

    /// <summary>Bodies of the requests, in their order.</summary>
    public List<string> Bodies { get; } = [];

    /// <summary>What <c>If-Match</c> said in each, empty where it did not.</summary>
    public List<string> Matches { get; } = [];

    /// <summary><paramref name="answers"/> by method and path with query.</summary>
    public static async Task<FakeDaemon> StartAsync(params (string Request, int Status, string Body)[] answers)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("ctl-");
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel((KestrelServerOptions o) => o.ListenUnixSocket(Path.Combine(folder.FullName, "overlayd.sock")));
        WebApplication app = builder.Build();
        FakeDaemon daemon = new(app, folder);
        app.Run(async context =>
        {
            string request = $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}";
            using StreamReader reader = new(context.Request.Body);
            string sent = await reader.ReadToEndAsync();
            lock (daemon.Requests)
            {
                daemon.Requests.Add(request);
                daemon.Bodies.Add(sent);
                daemon.Matches.Add(context.Request.Headers.IfMatch.ToString());
            }

            (_, int status, string body) = Array.Find(answers, a => a.Request == request) is { Request: not null } answer
                ? answer
                : (request, 404, Error("not_found", "no such thing"));
            context.Response.StatusCode = status;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(body);
        });
        await app.StartAsync();
        return daemon;
    }

    public static string Error(string code, string message) =>
        "{\"error\":{\"code\":\"" + code + "\",\"message\":\"" + message + "\",\"field\":null}}";

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
