using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;
using Overlay.Api;
using Overlay.Encap;
using Overlay.Host.Configuration;
using Overlay.Host.Configuration.Changes;
using Overlay.Host.Events;

namespace Overlay.Host.Api;

/// <summary>
/// The admin API: HTTP and JSON on a Unix socket. A dozen fixed routes need no routing engine: a table of path and method, each a function
/// of the request. Every answer is JSON; an error is <see cref="ErrorResponse"/> with a stable code.
/// </summary>
internal sealed partial class AdminApi(IAdminBackend backend, EventLog events, IHostApplicationLifetime lifetime, ILogger<AdminApi> log)
{
    /// <summary>The largest body of a request, in octets.</summary>
    public const int MaxBodySize = 1024 * 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly FrozenDictionary<string, AdminRoute> Routes = new Dictionary<string, AdminRoute>(StringComparer.Ordinal)
    {
        ["/v1/status"] = new("GET", [], static (api, http) => api.StatusAsync(http)),
        ["/v1/fdb"] = new("GET", ["vni"], static (api, http) => api.FdbAsync(http)),
        ["/v1/fdb/why"] = new("GET", ["vni", "mac"], static (api, http) => api.WhyAsync(http)),
        ["/v1/fdb/moves"] = new("GET", ["vni"], static (api, http) => api.MovesAsync(http)),
        ["/v1/fdb/flush"] = new("POST", ["vni", "port", "peer", "mac", "all"], static (api, http) => api.FlushAsync(http)),
        ["/v1/fdb/unfreeze"] = new("POST", ["vni", "mac", "all"], static (api, http) => api.UnfreezeAsync(http)),
        ["/v1/control/guard"] = new("GET", [], static (api, http) => api.GuardAsync(http)),
        ["/v1/control/approve"] = new("POST", ["plane", "all"], static (api, http) => api.ApproveAsync(http)),
        ["/v1/vnis"] = new("GET", ["vni"], static (api, http) => api.VnisAsync(http)),
        ["/v1/drops"] = new("GET", ["all"], static (api, http) => api.DropsAsync(http)),
        ["/v1/mtu"] = new("GET", [], static (api, http) => api.MtuAsync(http)),
        ["/v1/neighbors"] = new("GET", ["vni"], static (api, http) => api.NeighborsAsync(http)),
        ["/v1/probe"] = new("POST", ["peer"], static (api, http) => api.ProbeAsync(http)),
        ["/v1/log/level"] = new("POST", ["level"], static (api, http) => api.LogLevelAsync(http)),
        ["/v1/storm"] = new("GET", ["vni"], static (api, http) => api.StormAsync(http)),
        ["/v1/etcd/status"] = new("GET", [], static (api, http) => api.EtcdStatusAsync(http)),
        ["/v1/etcd/dump"] = new("GET", ["vni", "limit", "next"], static (api, http) => api.EtcdDumpAsync(http)),
        ["/v1/evpn/neighbors"] = new("GET", ["neighbor"], static (api, http) => api.EvpnNeighborsAsync(http)),
        ["/v1/evpn/routes"] = new("GET", ["vni", "type", "mac", "neighbor"], static (api, http) => api.EvpnRoutesAsync(http)),
        ["/v1/evpn/explain"] = new("GET", ["vni", "mac"], static (api, http) => api.EvpnExplainAsync(http)),
        ["/v1/evpn/clear"] = new("POST", ["neighbor", "all", "soft"], static (api, http) => api.EvpnClearAsync(http)),
        ["/v1/config"] = new("GET", [], static (api, http) => api.ConfigurationAsync(http)) { Also = new("PUT", ["save", "dry_run"], static (api, http) => api.ReplaceAsync(http)) },
        ["/v1/config/check"] = new("POST", ["path"], static (api, http) => api.CheckAsync(http)),
        ["/v1/config/reload"] = new("POST", [], static (api, http) => api.ReloadAsync(http)),
        ["/v1/config/diff"] = new("GET", [], static (api, http) => api.DiffAsync(http)),
        ["/v1/config/save"] = new("POST", ["force"], static (api, http) => api.SaveAsync(http)),
        ["/v1/ports"] = new("POST", ["save", "dry_run"], static (api, http) => api.AddAsync(http, "port", ConfigurationEdit.AddPort)) { Also = new("DELETE", ["name", "save", "dry_run"], static (api, http) => api.RemovePortAsync(http)) },
        ["/v1/peers"] = new("POST", ["save", "dry_run"], static (api, http) => api.AddAsync(http, "peer", ConfigurationEdit.AddPeer)) { Also = new("DELETE", ["name", "with_macs", "save", "dry_run"], static (api, http) => api.RemovePeerAsync(http)) },
        ["/v1/macs"] = new("POST", ["save", "dry_run"], static (api, http) => api.AddAsync(http, "mac", ConfigurationEdit.AddMac)) { Also = new("DELETE", ["vni", "mac", "save", "dry_run"], static (api, http) => api.RemoveMacAsync(http)) },
        ["/v1/events"] = new("GET", ["since", "follow", "last_event_id"], static (api, http) => api.EventsAsync(http)),
        ["/healthz"] = new("GET", [], static (api, http) => api.HealthAsync(http)),
        ["/readyz"] = new("GET", [], static (api, http) => api.ReadyAsync(http)),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Answers one request.</summary>
    public async Task InvokeAsync(HttpContext http)
    {
        var request = http.Request;
        try
        {
            // A page in a browser can reach a forwarded socket; nothing of ours sends this header.
            if (request.Headers.Origin.Count > 0)
            {
                await FailAsync(http, 403, "origin_refused", "requests of web pages are refused: use overlayctl or curl --unix-socket");
            }
            else if (!Routes.TryGetValue(request.Path.Value ?? "", out var resource))
            {
                await FailAsync(http, 404, "not_found", $"no such resource; there are {string.Join(", ", Routes.Keys.Order(StringComparer.Ordinal))}");
            }
            else if (resource.For(request.Method) is not { } route)
            {
                http.Response.Headers.Allow = string.Join(", ", resource.Methods);
                await FailAsync(http, 405, "method_not_allowed", $"use {string.Join(" or ", resource.Methods)}");
            }
            else if (request.ContentLength > MaxBodySize)
            {
                await RefuseBodyAsync(http);
            }
            else if (request.Query.Keys.FirstOrDefault(name => !route.Parameters.Contains(name, StringComparer.Ordinal)) is { } unknown)
            {
                var known = route.Parameters.Length == 0 ? "it takes none" : $"it takes {string.Join(", ", route.Parameters)}";
                await FailAsync(http, 400, "bad_request", $"unknown parameter; {known}", KeyPath.Printable(unknown));
            }
            else
            {
                await route.Handle(this, http);
            }
        }
        catch (BadHttpRequestException error)
        {
            await FailAsync(
                http,
                error.StatusCode,
                error.StatusCode == 408 ? "timeout" : "bad_request",
                error.StatusCode == 408 ? "the request did not arrive in time" : "the request is not HTTP as we understand it");
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested || lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // The client went away, or does not read, and the daemon stops.
            http.Abort();
        }
        catch (Exception error)
        {
            HostLog.RequestFailed(log, error, request.Method, request.Path.Value ?? "");
            await FailAsync(http, 500, "internal", "this is a fault of overlayd; the log has the details. Next: journalctl -u overlayd");
        }
    }

    private async Task StatusAsync(HttpContext http) =>
        await WriteAsync(http, await backend.StatusAsync(http.RequestAborted), ApiJsonContext.Default.StatusResponse);

    private async Task FdbAsync(HttpContext http)
    {
        if (TryVni(http, required: false, out var vni, out var fault))
        {
            await WriteListAsync(http, "entries", await backend.FdbAsync(vni), ApiJsonContext.Default.FdbEntryInfo);
        }
        else
        {
            await FailAsync(http, 400, "bad_request", fault, "vni");
        }
    }

    private async Task WhyAsync(HttpContext http)
    {
        if (!TryVni(http, required: true, out var vni, out var fault))
        {
            await FailAsync(http, 400, "bad_request", fault, "vni");
        }
        else if (!MacAddress.TryParse(http.Request.Query["mac"].ToString(), out var mac))
        {
            await FailAsync(http, 400, "bad_request", "mac: expected a MAC such as 02:00:00:00:00:02", "mac");
        }
        else
        {
            await WriteAsync(http, await backend.WhyAsync(vni!.Value, mac, http.RequestAborted), ApiJsonContext.Default.FdbWhyResponse);
        }
    }

    private Task DropsAsync(HttpContext http) =>
        WriteAsync(http, backend.Drops(http.Request.Query["all"] == "true"), ApiJsonContext.Default.DropsResponse);

    private async Task MtuAsync(HttpContext http) => await WriteAsync(http, await backend.MtuAsync(), ApiJsonContext.Default.MtuResponse);

    private async Task NeighborsAsync(HttpContext http)
    {
        if (TryVni(http, required: false, out var vni, out var fault))
        {
            var suppression = backend.Suppression(vni);
            await WriteListAsync(http, "neighbors", await backend.NeighborsAsync(vni), ApiJsonContext.Default.NeighborInfo, json =>
            {
                json.WritePropertyName("vnis");
                JsonSerializer.Serialize(json, suppression, ApiJsonContext.Default.IReadOnlyListNeighborVni);
            });
        }
        else
        {
            await FailAsync(http, 400, "bad_request", fault, "vni");
        }
    }

    private Task StormAsync(HttpContext http) =>
        TryVni(http, required: false, out var vni, out var fault)
            ? WriteAsync(http, backend.Storm(vni), ApiJsonContext.Default.StormResponse)
            : FailAsync(http, 400, "bad_request", fault, "vni");

    /// <summary>Every path and the methods it takes, for the documentation's test.</summary>
    public static IEnumerable<(string Path, string Method)> Resources => Routes.SelectMany(route => route.Value.Methods.Select(method => (route.Key, method)));

    private Task ConfigurationAsync(HttpContext http)
    {
        var answer = backend.Configuration();
        http.Response.Headers.ETag = $"\"{answer.Etag}\"";
        return WriteAsync(http, answer, ApiJsonContext.Default.ConfigResponse);
    }

    private async Task HealthAsync(HttpContext http)
    {
        var answer = await backend.AliveAsync();
        await WriteAsync(http, answer, ApiJsonContext.Default.HealthResponse, answer.Status == "failing" ? 503 : 200);
    }

    private Task ReadyAsync(HttpContext http)
    {
        var answer = backend.Ready();
        return WriteAsync(http, answer, ApiJsonContext.Default.HealthResponse, answer.Status == "ok" ? 200 : 503);
    }

    private async Task CheckAsync(HttpContext http)
    {
        var path = http.Request.Query["path"].ToString();
        if (path.Length > 0)
        {
            if (path[0] != '/' || path.Length > 4096 || path.Contains('\0', StringComparison.Ordinal))
            {
                await FailAsync(http, 400, "bad_request", "path: expected an absolute path, as the daemon sees it", "path");
                return;
            }

            // We may read what the client may not: a complaint quotes what it complains about.
            var own = Path.GetDirectoryName(Path.GetFullPath(backend.Configuration().Source))!;
            if (Path.GetDirectoryName(Path.GetFullPath(path)) != own)
            {
                await FailAsync(http, 403, "path_refused", $"path: only files of {own} are read for others; send the text as the body, or run: overlayctl config check {KeyPath.Printable(path)}", "path");
                return;
            }

            await WriteAsync(http, Problems.From(ConfigurationLoader.Load(path)), ApiJsonContext.Default.ConfigCheckResponse);
            return;
        }

        if (await ReadTextAsync(http) is not { } text)
        {
            return;
        }

        await WriteAsync(
            http,
            Problems.From(ConfigurationLoader.Parse(text, "(request)", ConfigurationLoader.ProcessEnvironment())),
            ApiJsonContext.Default.ConfigCheckResponse);
    }

    // Null if it was answered.
    private static async Task<string?> ReadTextAsync(HttpContext http)
    {
        if (await ReadBodyAsync(http) is not { } body)
        {
            await RefuseBodyAsync(http);
            return null;
        }

        try
        {
            return StrictUtf8.GetString(body);
        }
        catch (DecoderFallbackException)
        {
            await FailAsync(http, 400, "bad_request", "the body is not UTF-8");
            return null;
        }
    }

    // Null if there is more than a body may have. The server's own limit is lifted meanwhile: it ends the connection at once, and a client that is
    // still sending never sees why.
    private static async Task<byte[]?> ReadBodyAsync(HttpContext http)
    {
        LiftServerLimit(http);
        using var body = new MemoryStream();
        var block = new byte[16 * 1024];
        int read;
        while ((read = await http.Request.Body.ReadAsync(block, http.RequestAborted)) > 0)
        {
            if (body.Length + read > MaxBodySize)
            {
                return null;
            }

            body.Write(block, 0, read);
        }

        return body.ToArray();
    }

    // The server throws away what still comes for five seconds, then closes. Who asked first (Expect) sends nothing more.
    private static Task RefuseBodyAsync(HttpContext http)
    {
        if (http.Request.Headers.Expect.Count == 0)
        {
            LiftServerLimit(http);
        }

        http.Response.Headers.Connection = "close";
        return FailAsync(http, 413, "body_too_large", $"a body has at most {MaxBodySize} octets");
    }

    private static void LiftServerLimit(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }
    }

    private async Task ReloadAsync(HttpContext http)
    {
        // Not the request's token: a client that goes away does not interrupt a reload half way.
        var outcome = await backend.ReloadAsync(CancellationToken.None);
        if (outcome.Answer is { } answer)
        {
            await WriteAsync(http, answer, ApiJsonContext.Default.ConfigReloadResponse);
        }
        else
        {
            await WriteAsync(http, outcome.Error!, ApiJsonContext.Default.ErrorResponse, 422);
        }
    }

    private static bool TryVni(HttpContext http, bool required, out Vni? vni, out string fault)
    {
        vni = null;
        fault = $"vni: expected a number from 0 to {Vni.MaxValue}";
        if (!http.Request.Query.TryGetValue("vni", out var text))
        {
            return !required;
        }

        // One that is there and empty is a variable that a script has not set: it does not mean all.
        if (!Vni.TryParse(text, out var value))
        {
            return false;
        }

        vni = value;
        return true;
    }

    private static Task FailAsync(HttpContext http, int status, string code, string message, string? field = null) =>
        http.Response.HasStarted
            ? Task.CompletedTask
            : WriteAsync(
                http,
                new ErrorResponse { Error = new ErrorBody { Code = code, Message = message, Field = field } },
                ApiJsonContext.Default.ErrorResponse,
                status);

    private static async Task WriteAsync<T>(HttpContext http, T value, JsonTypeInfo<T> type, int status = 200)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(value, type);
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.ContentLength = body.Length;
        http.Response.Headers.CacheControl = "no-store";
        if (http.Request.Method != "HEAD")
        {
            await http.Response.Body.WriteAsync(body, http.RequestAborted);
        }
    }
}
