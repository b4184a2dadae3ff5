using System.Net.Sockets;
using System.Text.Json;
using Overlay.Api;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Admin;

/// <summary>
/// The admin API over its Unix socket. A daemon that is not there is found out at once, one that hangs after
/// <see cref="AnswerTimeout"/>; both are values, not exceptions. One client for one verb; not for use by several threads.
/// </summary>
internal sealed partial class AdminClient : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromMilliseconds(800);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);
    private readonly string _path;
    private readonly HttpClient _http;

    public AdminClient(string path)
    {
        _path = path;
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectTimeout = ConnectTimeout,
            UseProxy = false,
            AllowAutoRedirect = false,
            ConnectCallback = ConnectAsync,
        })
        {
            BaseAddress = new Uri("http://overlayd/"),
            Timeout = AnswerTimeout,
        };
    }

    public Task<AdminReply> GetAsync(string resource, CancellationToken cancellation) => SendAsync(HttpMethod.Get, resource, cancellation);

    public Task<AdminReply> PostAsync(string resource, CancellationToken cancellation) => SendAsync(HttpMethod.Post, resource, cancellation);

    public void Dispose() => _http.Dispose();

    /// <summary>The failure that a reply other than a success means.</summary>
    public Failure Explain(AdminReply reply)
    {
        if (reply.Failure is not null) return reply.Failure;
        try
        {
            ErrorResponse? error = JsonSerializer.Deserialize(reply.Body, ApiJsonContext.Default.ErrorResponse);
            if (error is not null)
            {
                int code = reply.Status is 400 or 422 ? ExitCode.Usage : ExitCode.Failure;

                // The daemon knows best what to do next; it says so at the end of its sentence.
                string[] parts = error.Error.Message.Split("Next: ", 2);
                return new Failure(code, parts[0].TrimEnd(' ', '.'), parts.Length == 2 ? Text.Escape(parts[1]) : Hint("status"));
            }
        }
        catch (JsonException)
        {
            // Answered by something else than overlayd: said below.
        }

        return Foreign($"HTTP {reply.Status} without an error of overlayd");
    }

    /// <summary>Reads an answer; null and a failure if it is not what this version of the tool expects.</summary>
    public (T? Value, Failure? Failure) Read<T>(AdminReply reply, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        if (!reply.IsSuccess) return (null, Explain(reply));
        try
        {
            return JsonSerializer.Deserialize(reply.Body, type) is { } value ? (value, null) : (null, Foreign("an empty answer"));
        }
        catch (JsonException e)
        {
            return (null, Foreign(e.Message));
        }
    }

    /// <summary>One of our own commands, aimed at the same daemon.</summary>
    public string Hint(string verb) =>
        _path == GlobalOptions.DefaultSocket ? $"overlayctl {verb}" : $"overlayctl --socket {Text.Quote(_path)} {verb}";

    private Failure Foreign(string what) =>
        new(ExitCode.Failure, $"{_path} gave an answer that this overlayctl does not understand ({what})", "overlayctl version");

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_path), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private Task<AdminReply> SendAsync(HttpMethod method, string resource, CancellationToken cancellation) => SendAsync(method, resource, null, null, cancellation);

    private async Task<AdminReply> SendAsync(HttpMethod method, string resource, HttpContent? content, string? ifMatch, CancellationToken cancellation)
    {
        try
        {
            using HttpRequestMessage request = new(method, new Uri(resource, UriKind.Relative)) { Content = content };
            if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
            using HttpResponseMessage response = await _http.SendAsync(request, cancellation);
            return new AdminReply((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellation), null);
        }
        catch (HttpRequestException e)
        {
            return new AdminReply(0, string.Empty, Describe(e));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new AdminReply(0, string.Empty, Silent());
        }
    }

    private Failure Describe(HttpRequestException exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (e is ArgumentException)
            {
                return new Failure(ExitCode.Usage, $"{_path} is too long for the path of a Unix socket", "overlayctl --help");
            }

            if (e is TimeoutException or OperationCanceledException) return Silent();
            if (e is not SocketException socket) continue;
            return socket.SocketErrorCode switch
            {
                SocketError.AccessDenied =>
                    new Failure(ExitCode.Failure, $"no permission to use {_path}", "sudo " + Hint("status")),
                _ => new Failure(ExitCode.Degraded, $"overlayd is not running: nothing answers at {_path}", Start()),
            };
        }

        return new Failure(ExitCode.Failure, $"the connection to {_path} broke: {exception.Message}", Hint("doctor"));
    }

    private Failure Silent() => new(ExitCode.Degraded, $"overlayd at {_path} does not answer", Hint("doctor"));

    private string Start()
    {
        if (_path != GlobalOptions.DefaultSocket) return "overlayctl doctor";
        return Directory.Exists("/run/systemd/system") ? "systemctl start overlayd" : "overlayd --config /etc/overlay/overlayd.yaml";
    }
}
