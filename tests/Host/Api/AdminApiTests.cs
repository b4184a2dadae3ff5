using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Api;
using Overlay.Control.Evpn.Queries;
using Overlay.Control.Queries;
using Overlay.Encap;
using Overlay.Host.Api;
using Overlay.Host.Events;
using Xunit;

namespace Overlay.Host.Tests.Api;

/// <summary>The real server on a real Unix socket, with a backend that is not the daemon.</summary>
public sealed class AdminApiTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("overlay-api-").FullName;
    private readonly FakeBackend _backend = new();
    private WebApplication _app = null!;
    private HttpClient _http = null!;

    private string SocketPath => Path.Combine(_folder, "run", "api.sock");

    public async ValueTask InitializeAsync()
    {
        Assert.Null(AdminSocket.Prepare(SocketPath));
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.AddAdminSocket(SocketPath);
        _app = builder.Build();
        _app.Run(new AdminApi(_backend, new EventLog(TimeProvider.System), _app.Lifetime, NullLogger<AdminApi>.Instance).InvokeAsync);
        await _app.StartAsync();
        _http = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync }) { BaseAddress = new Uri("http://overlayd/") };
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), cancellation);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static async Task<JsonElement> Json(HttpResponseMessage response) =>
        JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;

    private static async Task Fails(HttpResponseMessage response, HttpStatusCode status, string code)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        var error = (await Json(response)).GetProperty("error");
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=10001")]
    [InlineData("limit=x")]
    [InlineData("next=")]
    [InlineData("next=7")]
    [InlineData("next=7.")]
    [InlineData("next=-7.L292ZXI")]
    [InlineData("next=0.L292ZXI")]
    [InlineData("next=7.L29*")]
    public async Task A_page_of_a_dump_that_cannot_be_is_refused(string query)
    {
        using var response = await _http.GetAsync($"v1/etcd/dump?{query}");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Empty(_backend.EtcdDumps);
    }

    [Fact]
    public async Task A_page_of_a_dump_goes_on_where_the_one_before_says()
    {
        var next = new EtcdDumpNext(7, [.. "/overlay/v1/"u8, 0xFF, 0]);
        using var response = await _http.GetAsync($"v1/etcd/dump?limit=5&next={next}");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        var (limit, asked) = Assert.Single(_backend.EtcdDumps);
        Assert.Equal((5, 7), (limit, asked!.Revision));
        Assert.Equal(next.Key, asked.Key);
    }

    [Fact]
    public async Task A_peer_is_probed_by_name_and_an_unknown_one_is_not_found()
    {
        Assert.Equal(HttpStatusCode.OK, (await _http.PostAsync("v1/probe", null)).StatusCode);
        Assert.Equal(0, (await Json(await _http.PostAsync("v1/probe?peer=b", null))).GetProperty("left_out").GetInt32());
        await Fails(await _http.PostAsync("v1/probe?peer=x", null), HttpStatusCode.NotFound, "not_found");
        await Fails(await _http.PostAsync("v1/probe?peer=", null), HttpStatusCode.BadRequest, "bad_request");
        await Fails(await _http.GetAsync("v1/probe"), HttpStatusCode.MethodNotAllowed, "method_not_allowed");
    }

    [Theory]
    [InlineData("GET", "neighbors")]
    [InlineData("GET", "routes")]
    [InlineData("GET", "explain?vni=100&mac=02:00:00:00:00:02")]
    [InlineData("POST", "clear?all=true")]
    public async Task Without_EVPN_its_resources_say_that_it_is_not_configured(string method, string resource)
    {
        await Fails(await _http.SendAsync(new HttpRequestMessage(new HttpMethod(method), "v1/evpn/" + resource)), HttpStatusCode.NotFound, "not_configured");
        _backend.HasEvpn = true;
        Assert.Equal(HttpStatusCode.OK, (await _http.SendAsync(new HttpRequestMessage(new HttpMethod(method), "v1/evpn/" + resource))).StatusCode);
    }

    [Fact]
    public async Task EVPN_routes_are_asked_for_by_VNI_type_MAC_and_neighbour_and_say_when_there_are_more()
    {
        _backend.HasEvpn = true;
        var answer = await Json(await _http.GetAsync("v1/evpn/routes?vni=100&type=2&mac=02:00:00:00:00:02&neighbor=local"));
        Assert.True(answer.GetProperty("truncated").GetBoolean());
        Assert.Equal(new EvpnRouteFilter(new Vni(100), 2, MacAddress.Parse("02:00:00:00:00:02"), "local"), _backend.LastRoutes);
        foreach (var wrong in new[] { "vni=x", "type=0", "type=6", "type=2%20", "mac=1", "neighbor=", "prefix=1" })
        {
            await Fails(await _http.GetAsync("v1/evpn/routes?" + wrong), HttpStatusCode.BadRequest, "bad_request");
        }
    }

    [Fact]
    public async Task EVPN_sessions_are_cleared_one_by_name_or_all_by_word()
    {
        _backend.HasEvpn = true;
        Assert.Equal(1, (await Json(await _http.PostAsync("v1/evpn/clear?neighbor=192.0.2.254&soft=true", null))).GetProperty("cleared").GetInt32());
        Assert.Equal(("192.0.2.254", true), _backend.LastClear);
        Assert.Equal(2, (await Json(await _http.PostAsync("v1/evpn/clear?all=true", null))).GetProperty("cleared").GetInt32());
        await Fails(await _http.PostAsync("v1/evpn/clear?neighbor=192.0.2.7", null), HttpStatusCode.NotFound, "not_found");
        foreach (var wrong in new[] { "", "?neighbor=", "?neighbor=192.0.2.254&all=true" })
        {
            await Fails(await _http.PostAsync("v1/evpn/clear" + wrong, null), HttpStatusCode.BadRequest, "bad_request");
        }
    }

    [Fact]
    public async Task The_log_level_is_asked_for_and_set_by_its_word()
    {
        Assert.Equal("info", (await Json(await _http.PostAsync("v1/log/level", null))).GetProperty("level").GetString());
        var answer = await Json(await _http.PostAsync("v1/log/level?level=debug", null));
        Assert.Equal(("debug", "info"), (answer.GetProperty("level").GetString(), answer.GetProperty("configured").GetString()));
        await Fails(await _http.PostAsync("v1/log/level?level=loud", null), HttpStatusCode.BadRequest, "bad_request");
        Assert.Equal(Microsoft.Extensions.Logging.LogLevel.Debug, _backend.Level);
    }

    [Fact]
    public void The_socket_may_be_used_by_owner_and_group_alone()
    {
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite,
            File.GetUnixFileMode(SocketPath));
        Assert.Equal(0, (int)(File.GetUnixFileMode(Path.GetDirectoryName(SocketPath)!) & UnixFileMode.OtherWrite));
    }

    [Theory]
    [InlineData("v1/status", "verdict")]
    [InlineData("v1/fdb?vni=100", "entries")]
    [InlineData("v1/fdb/why?vni=100&mac=02:00:00:00:00:02", "candidates")]
    [InlineData("v1/fdb/moves", "moves")]
    [InlineData("v1/vnis", "learning")]
    [InlineData("v1/drops", "totals")]
    [InlineData("v1/config", "yaml")]
    [InlineData("healthz", "status")]
    [InlineData("readyz", "status")]
    public async Task Every_resource_answers_in_snake_case(string resource, string field)
    {
        using var response = await _http.GetAsync(resource);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var json = await Json(response);
        Assert.True(json.TryGetProperty(field, out _));
        Assert.DoesNotContain(json.EnumerateObject(), property => property.Name.Any(char.IsUpper));
    }

    [Fact]
    public async Task The_field_names_are_those_of_the_contract()
    {
        var entry = (await Json(await _http.GetAsync("v1/fdb"))).GetProperty("entries")[0];
        Assert.Equal(
            ["vni", "mac", "origin", "flags", "port", "peer", "address", "encap", "udp_port", "age_seconds", "sequence"],
            entry.EnumerateObject().Select(property => property.Name));
    }

    [Fact]
    public async Task A_long_list_comes_in_pages_and_is_one_list()
    {
        _backend.FurtherFdb = [.. Enumerable.Range(0, 5000).Select(static i => new FdbEntryInfo { Vni = 200, Mac = $"02:00:00:00:{i >> 8:x2}:{i & 0xFF:x2}", Origin = "local", Flags = [] })];
        var fdb = JsonSerializer.Deserialize(await _http.GetStringAsync("v1/fdb"), ApiJsonContext.Default.FdbResponse)!;
        Assert.Equal((5001, true), (fdb.Entries.Count, fdb.Truncated));
        Assert.Equal("02:00:00:00:13:87", fdb.Entries[^1].Mac);
    }

    [Fact]
    public async Task Half_a_list_does_not_look_like_a_whole_one()
    {
        _backend.FurtherFdb = [.. Enumerable.Range(0, 1000).Select(static _ => new FdbEntryInfo { Vni = 200, Mac = "02:00:00:00:00:03", Origin = "local", Flags = [] })];
        _backend.Breaks = new InvalidOperationException("a fault");
        await Assert.ThrowsAsync<HttpRequestException>(() => _http.GetStringAsync("v1/fdb"));
    }

    [Fact]
    public async Task An_unknown_resource_is_404() => await Fails(await _http.GetAsync("v2/status"), HttpStatusCode.NotFound, "not_found");

    [Fact]
    public async Task A_wrong_method_is_405_and_names_the_right_one()
    {
        using var response = await _http.PostAsync("v1/status", null);
        await Fails(response, HttpStatusCode.MethodNotAllowed, "method_not_allowed");
        Assert.Equal(["GET"], response.Content.Headers.Allow);
        await Fails(await _http.GetAsync("v1/config/reload"), HttpStatusCode.MethodNotAllowed, "method_not_allowed");
    }

    [Fact]
    public async Task A_request_of_a_web_page_is_403()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "v1/status");
        request.Headers.Add("Origin", "http://evil.example");
        await Fails(await _http.SendAsync(request), HttpStatusCode.Forbidden, "origin_refused");
    }

    [Theory]
    [InlineData("Content-Length: 1048577", 0)]
    [InlineData("Content-Length: 3145728", 3 * AdminApi.MaxBodySize)]
    [InlineData("Transfer-Encoding: chunked", 3 * AdminApi.MaxBodySize)]
    public async Task A_large_body_is_413_to_who_sends_it_to_its_end_and_to_who_waits_for_an_answer(string header, int length)
    {
        // By hand: an HTTP client would notice the early answer; this one sends everything first.
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath));
        var isChunked = header.Contains("chunked", StringComparison.Ordinal);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"POST /v1/config/check HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n{(isChunked ? $"{length:x}\r\n" : "")}"));
        var body = new byte[length];
        for (var sent = 0; sent < length;)
        {
            sent += await socket.SendAsync(body.AsMemory(sent));
        }

        var buffer = new byte[1024];
        var answer = Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer));
        Assert.StartsWith("HTTP/1.1 413 ", answer, StringComparison.Ordinal);
        Assert.Contains("body_too_large", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v1/fdb?vni=-1", "vni")]
    [InlineData("v1/fdb?vni=16777216", "vni")]
    [InlineData("v1/fdb?vni=x", "vni")]
    [InlineData("v1/fdb/why?mac=02:00:00:00:00:02", "vni")]
    [InlineData("v1/fdb/why?vni=1", "mac")]
    [InlineData("v1/fdb/why?vni=1&mac=zz", "mac")]
    [InlineData("v1/fdb?vnl=100", "vnl")]
    [InlineData("v1/status?vni=100", "vni")]
    public async Task A_wrong_query_names_its_field(string resource, string field)
    {
        using var response = await _http.GetAsync(resource);
        await Fails(response, HttpStatusCode.BadRequest, "bad_request");
        Assert.Equal(field, (await Json(response)).GetProperty("error").GetProperty("field").GetString());
    }

    [Theory]
    [InlineData("v1/fdb/flush?vni=100&port=web", 100, "web", null, null)]
    [InlineData("v1/fdb/flush?peer=b", null, null, "b", null)]
    [InlineData("v1/fdb/flush?mac=02:00:00:00:00:02", null, null, null, "02:00:00:00:00:02")]
    [InlineData("v1/fdb/flush?all=true", null, null, null, null)]
    public async Task A_flush_takes_what_is_named(string resource, int? vni, string? port, string? peer, string? mac)
    {
        using var response = await _http.PostAsync(resource, null);
        Assert.Equal(3, (await Json(response)).GetProperty("removed").GetInt32());
        Assert.Equal(
            new FdbFilter(vni is { } v ? new Vni((uint)v) : null, port, peer, mac is null ? null : MacAddress.Parse(mac)), _backend.LastFilter);
    }

    [Theory]
    [InlineData("v1/fdb/flush", null)]
    [InlineData("v1/fdb/flush?all=yes", null)]
    [InlineData("v1/fdb/flush?port=", "port")]
    [InlineData("v1/fdb/flush?vni=100&mac=", "mac")]
    [InlineData("v1/fdb/flush?vni=16777216", "vni")]
    [InlineData("v1/fdb/flush?vni=", "vni")]
    [InlineData("v1/fdb/flush?vni=&mac=02:00:00:00:00:02", "vni")]
    [InlineData("v1/fdb/unfreeze?vni=&mac=02:00:00:00:00:02", "vni")]
    [InlineData("v1/fdb/flush?vtep=b", "vtep")]
    [InlineData("v1/fdb/unfreeze", null)]
    [InlineData("v1/fdb/unfreeze?mac=zz", "mac")]
    [InlineData("v1/fdb/unfreeze?port=web", "port")]
    public async Task A_flush_that_names_nothing_or_something_wrong_does_nothing(string resource, string? field)
    {
        using var response = await _http.PostAsync(resource, null);
        await Fails(response, HttpStatusCode.BadRequest, "bad_request");
        Assert.Equal(field, (await Json(response)).GetProperty("error").GetProperty("field").GetString());
        Assert.Null(_backend.LastFilter);
    }

    [Fact]
    public async Task What_a_flush_or_a_look_names_must_exist()
    {
        await Fails(await _http.PostAsync("v1/fdb/flush?port=gone", null), HttpStatusCode.NotFound, "not_found");
        await Fails(await _http.PostAsync("v1/fdb/unfreeze?vni=999", null), HttpStatusCode.NotFound, "not_found");
        await Fails(await _http.GetAsync("v1/vnis?vni=999"), HttpStatusCode.NotFound, "not_found");
        await Fails(await _http.GetAsync("v1/fdb/flush?all=true"), HttpStatusCode.MethodNotAllowed, "method_not_allowed");
    }

    [Fact]
    public async Task Unfreeze_takes_a_mac_a_vni_or_all()
    {
        using var response = await _http.PostAsync("v1/fdb/unfreeze?vni=100&mac=02:00:00:00:00:02", null);
        Assert.Equal(1, (await Json(response)).GetProperty("unfrozen").GetInt32());
        Assert.Equal(new FdbFilter(new Vni(100), null, null, MacAddress.Parse("02:00:00:00:00:02")), _backend.LastFilter);
        using var all = await _http.PostAsync("v1/fdb/unfreeze?all=true", null);
        Assert.Equal(HttpStatusCode.OK, all.StatusCode);
    }

    [Fact]
    public async Task What_the_guard_holds_is_shown_and_let_go_by_name_or_all()
    {
        using var shown = await _http.GetAsync("v1/control/guard");
        var plane = Assert.Single((await Json(shown)).GetProperty("planes").EnumerateArray());
        Assert.Equal(("evpn", 200, 18.0), (plane.GetProperty("plane").GetString(), plane.GetProperty("held").GetInt32(), plane.GetProperty("left_seconds").GetDouble()));
        using var one = await _http.PostAsync("v1/control/approve?plane=evpn", null);
        Assert.Equal((200, "evpn"), ((await Json(one)).GetProperty("approved").GetInt32(), _backend.LastApproved));
        using var all = await _http.PostAsync("v1/control/approve?all=true", null);
        Assert.Equal((HttpStatusCode.OK, "all"), (all.StatusCode, _backend.LastApproved));
        await Fails(await _http.PostAsync("v1/control/approve?plane=gone", null), HttpStatusCode.NotFound, "not_found");
        await Fails(await _http.PostAsync("v1/control/approve", null), HttpStatusCode.BadRequest, "bad_request");
        await Fails(await _http.PostAsync("v1/control/approve?plane=", null), HttpStatusCode.BadRequest, "bad_request");
        await Fails(await _http.PostAsync("v1/control/approve?plane=evpn&all=true", null), HttpStatusCode.BadRequest, "bad_request");
    }

    [Fact]
    public async Task A_fault_of_ours_is_500_without_its_insides()
    {
        _backend.Fault = new InvalidOperationException("secret");
        using var response = await _http.GetAsync("v1/status");
        await Fails(response, HttpStatusCode.InternalServerError, "internal");
        Assert.DoesNotContain("secret", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_in_the_body_is_checked_and_its_errors_have_places()
    {
        using var content = new StringContent("node: { name: a, local: [192.0.2.1] }\nlisten: { vxlan: 0 }\n", Encoding.UTF8, new MediaTypeHeaderValue("application/yaml"));
        var json = await Json(await _http.PostAsync("v1/config/check", content));
        Assert.False(json.GetProperty("valid").GetBoolean());
        var error = json.GetProperty("errors")[0];
        Assert.Equal((2, "listen.vxlan"), (error.GetProperty("line").GetInt32(), error.GetProperty("key").GetString()));
    }

    [Fact]
    public async Task A_configuration_file_is_checked_by_its_absolute_path_if_it_is_beside_our_own()
    {
        var example = RepositoryFiles.PathOf("deploy", "overlayd.example.yaml");
        _backend.Source = Path.Combine(Path.GetDirectoryName(example)!, "running.yaml");
        Assert.True((await Json(await _http.PostAsync($"v1/config/check?path={Uri.EscapeDataString(example)}", null))).GetProperty("valid").GetBoolean());
        await Fails(await _http.PostAsync("v1/config/check?path=relative.yaml", null), HttpStatusCode.BadRequest, "bad_request");
        var elsewhere = Uri.EscapeDataString(Path.Combine(Path.GetDirectoryName(example)!, "..", "global.json"));
        await Fails(await _http.PostAsync($"v1/config/check?path={elsewhere}", null), HttpStatusCode.Forbidden, "path_refused");
        await Fails(await _http.PostAsync("v1/config/check?path=/etc/shadow", null), HttpStatusCode.Forbidden, "path_refused");
    }

    [Fact]
    public async Task A_body_that_is_not_UTF_8_is_refused()
    {
        using var content = new ByteArrayContent([0xff, 0xfe, 0xfd, 0xfc]);
        await Fails(await _http.PostAsync("v1/config/check", content), HttpStatusCode.BadRequest, "bad_request");
    }

    [Fact]
    public async Task A_hundred_idle_clients_leave_room_for_others()
    {
        var idle = new List<Socket>();
        try
        {
            for (var i = 0; i < 100; i++)
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                idle.Add(socket);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath));
            }

            Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync("v1/status")).StatusCode);
        }
        finally
        {
            idle.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task A_reload_answers_with_changes_or_with_422()
    {
        var json = await Json(await _http.PostAsync("v1/config/reload", null));
        Assert.Equal((2, "peer b: changed"), (json.GetProperty("revision").GetInt32(), json.GetProperty("changes")[0].GetString()));

        _backend.Reload = () => new ReloadOutcome(null, new ErrorResponse { Error = new ErrorBody { Code = "restart_required", Message = "x", Field = "listen.vxlan" } });
        await Fails(await _http.PostAsync("v1/config/reload", null), HttpStatusCode.UnprocessableEntity, "restart_required");
    }

    [Fact]
    public async Task Not_ready_is_503()
    {
        _backend.Health = "starting";
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await _http.GetAsync("readyz")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync("healthz")).StatusCode);
    }

    [Fact]
    public async Task An_idle_client_does_not_keep_others_waiting()
    {
        using var idle = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await idle.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath));
        await idle.SendAsync("GET /v1/status HTTP/1.1\r\n"u8.ToArray());
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync("v1/status")).StatusCode);
    }

    [Fact]
    public async Task What_is_not_HTTP_is_answered_and_closed()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath));
        await socket.SendAsync("\0\0\0\0\r\n\r\n"u8.ToArray());
        var buffer = new byte[256];
        var received = await socket.ReceiveAsync(buffer);
        Assert.Contains("400", Encoding.ASCII.GetString(buffer, 0, received), StringComparison.Ordinal);
    }

    [Fact]
    public void A_live_socket_is_not_taken_over() => Assert.Contains("another overlayd answers", AdminSocket.Prepare(SocketPath)!, StringComparison.Ordinal);

    [Fact]
    public void The_socket_of_a_dead_process_is_removed()
    {
        var path = Path.Combine(_folder, "dead.sock");
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
            var kept = Path.Combine(_folder, "kept.sock");
            File.CreateSymbolicLink(kept, path);
            File.Delete(kept);
            File.Move(path, kept);
        }

        File.Move(Path.Combine(_folder, "kept.sock"), path);
        Assert.True(Path.Exists(path));
        Assert.Null(AdminSocket.Prepare(path));
        Assert.False(Path.Exists(path));
    }

    [Theory]
    [InlineData("precious")]
    [InlineData("")]
    public void A_file_that_is_no_socket_is_not_removed(string contents)
    {
        var path = Path.Combine(_folder, "notes.txt");
        File.WriteAllText(path, contents);
        Assert.Contains("is not a socket", AdminSocket.Prepare(path)!, StringComparison.Ordinal);
        Assert.Equal(contents, File.ReadAllText(path));
    }
}
