using System.Text;
using System.Text.Json;
using Overlay.Api;

namespace Overlay.Host.Metrics;

/// <summary>Answers <c>/metrics</c>, <c>/healthz</c> and <c>/readyz</c>. A page is made one at a time and belongs to its request until it is sent; few are on their way at once.</summary>
internal sealed class MetricsPages(
    Func<Utf8Page, Task> render, Func<Task<HealthResponse>> alive, Func<HealthResponse> ready, Action refused, ILogger log) : IDisposable
{
    private const int MaxPages = 4;
    private const int PieceSize = 32 * 1024;
    private static readonly TimeSpan PageLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(5);
    private static readonly byte[] Index = Encoding.ASCII.GetBytes("overlayd: /metrics /healthz /readyz\n");
    private readonly SemaphoreSlim _pages = new(MaxPages, MaxPages);

    /// <inheritdoc/>
    public void Dispose() => _pages.Dispose();

    /// <summary>Answers one request.</summary>
    public async Task InvokeAsync(HttpContext http)
    {
        var path = http.Request.Path.Value ?? "";
        try
        {
            if (http.Request.Method is not ("GET" or "HEAD"))
            {
                http.Response.Headers.Allow = "GET, HEAD";
                await WriteAsync(http, 405, "text/plain; charset=utf-8", "use GET\n"u8.ToArray());
                return;
            }

            switch (path)
            {
                case "/metrics":
                    await MetricsAsync(http);
                    break;
                case "/healthz":
                    var answer = await alive();
                    await HealthAsync(http, answer, answer.Status == "failing" ? 503 : 200);
                    break;
                case "/readyz":
                    answer = ready();
                    await HealthAsync(http, answer, answer.Status == "ok" ? 200 : 503);
                    break;
                case "/":
                    await WriteAsync(http, 200, "text/plain; charset=utf-8", Index);
                    break;
                default:
                    await WriteAsync(http, 404, "text/plain; charset=utf-8", Index);
                    break;
            }
        }
        catch (OperationCanceledException)
        {
            // The client went away, or took too long.
            http.Abort();
        }
        catch (Exception error)
        {
            MetricsLog.RequestFailed(log, error, path);
            if (!http.Response.HasStarted)
            {
                await WriteAsync(http, 500, "text/plain; charset=utf-8", "this is a fault of overlayd; the log has the details. Next: journalctl -u overlayd\n"u8.ToArray());
            }
        }
    }

    private static Task HealthAsync(HttpContext http, HealthResponse answer, int status) =>
        WriteAsync(http, status, "application/json; charset=utf-8", JsonSerializer.SerializeToUtf8Bytes(answer, ApiJsonContext.Default.HealthResponse));

    private static async Task WriteAsync(HttpContext http, int status, string type, ReadOnlyMemory<byte> body, CancellationToken cancellation = default)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = type;
        http.Response.ContentLength = body.Length;
        http.Response.Headers.CacheControl = "no-store";
        if (http.Request.Method != "HEAD")
        {
            // A piece at a time: what the client has not taken yet is held once, by us, and not in the server's buffers too.
            for (var at = 0; at < body.Length; at += PieceSize)
            {
                await http.Response.Body.WriteAsync(body.Slice(at, Math.Min(PieceSize, body.Length - at)), cancellation);
            }
        }
    }

    private async Task MetricsAsync(HttpContext http)
    {
        if (!await _pages.WaitAsync(WaitLimit, http.RequestAborted))
        {
            refused();
            http.Response.Headers.RetryAfter = "10";
            await WriteAsync(http, 503, "text/plain; charset=utf-8", "too many ask for /metrics at once\n"u8.ToArray());
            return;
        }

        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
            limit.CancelAfter(PageLimit);
            using var page = new Utf8Page();
            await render(page);
            await WriteAsync(http, 200, PrometheusText.ContentType, page.Written, limit.Token);
        }
        finally
        {
            _pages.Release();
        }
    }
}
