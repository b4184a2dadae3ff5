using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Host.Api;
using Overlay.Host.Events;
using Xunit;

namespace Overlay.Host.Tests.Api;

/// <summary>Changes and events over the real server, with a backend that is not the daemon.</summary>
public sealed class ChangeApiTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("overlay-api-").FullName;
    private readonly FakeBackend _backend = new();
    private readonly EventLog _events = new(TimeProvider.System);
    private WebApplication _app = null!;
    private HttpClient _http = null!;

    private string SocketPath => Path.Combine(_folder, "api.sock");

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.AddAdminSocket(SocketPath);
        _app = builder.Build();
        _app.Run(new AdminApi(_backend, _events, _app.Lifetime, NullLogger<AdminApi>.Instance).InvokeAsync);
        await _app.StartAsync();
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = new Uri("http://overlayd/") };
    }

    public async ValueTask DisposeAsync()
    {
        _events.Complete();
        _http.Dispose();
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<(int Status, string Code, HttpResponseMessage Response)> SendAsync(HttpMethod method, string resource, string? body = null, string? ifMatch = null)
    {
        using var request = new HttpRequestMessage(method, resource);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        var response = await _http.SendAsync(request);
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return ((int)response.StatusCode, json.RootElement.TryGetProperty("error", out var error) ? error.GetProperty("code").GetString()! : "", response);
    }

    [Fact]
    public async Task A_whole_configuration_needs_to_say_what_it_replaces()
    {
        Assert.Equal((428, "precondition_required"), (await SendAsync(HttpMethod.Put, "v1/config", "node: {}")) is var (s, c, _) ? (s, c) : default);
        Assert.Equal(200, (await SendAsync(HttpMethod.Put, "v1/config?dry_run=true", "node: {}")).Status);
        Assert.Equal(200, (await SendAsync(HttpMethod.Put, "v1/config?save=true", "node: {x}", "\"abc-7\"")).Status);
        Assert.Equal(("abc-7", true, false, true, "node: {x}"), (_backend.LastChange!.IfMatch, _backend.LastChange.Save, _backend.LastChange.DryRun, _backend.LastChange.IsWhole, _backend.LastEdit!.Text));
    }

    [Theory]
    [InlineData("7", "7")]
    [InlineData("\"7\"", "7")]
    [InlineData("*", "*")]
    [InlineData(null, null)]
    public async Task One_thing_may_be_added_with_a_revision_or_without(string? header, string? expected)
    {
        var (status, _, response) = await SendAsync(HttpMethod.Post, "v1/peers", """{"name":"d","addresses":["192.0.2.4"]}""", header);
        Assert.Equal((200, expected, "\"e-2\""), (status, _backend.LastChange!.IfMatch, response.Headers.ETag!.Tag));
        Assert.Contains("peers:\n  - { name: d, addresses: [192.0.2.4] }", _backend.LastEdit!.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"a\", \"b\"")]
    [InlineData("W/\"a\"")]
    [InlineData("\"\"")]
    [InlineData("..//..")]
    public async Task An_If_Match_that_is_not_one_of_ours_is_refused(string header) =>
        Assert.Equal(400, (await SendAsync(HttpMethod.Post, "v1/peers", "{}", header)).Status);

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"web\"")]
    [InlineData("{")]
    [InlineData("{\"name\":\"a\",\"name\":\"b\"}")]
    [InlineData("{\"name\":\"a\",}")]
    [InlineData("{\"name\":\"a\"} x")]
    [InlineData("{\"name\":7,\"tap\":\"t\"}")]
    [InlineData("{\"name\":\"\\ud800\",\"tap\":\"t\"}")]
    [InlineData("{\"name\":{\"name\":{}}}")]
    [InlineData("name: web\ntap: t")]
    public async Task A_body_that_is_no_object_of_ours_is_refused_and_nothing_escapes(string body)
    {
        foreach (var resource in new[] { "v1/ports", "v1/peers" })
        {
            var (status, code, _) = await SendAsync(HttpMethod.Post, resource, body);
            Assert.True(status is 400 or 409 && code.Length > 0, $"{status} {code}");
        }

        var (macStatus, _, _) = await SendAsync(HttpMethod.Post, "v1/macs", body);
        Assert.InRange(macStatus, 200, 422);
    }

    [Fact]
    public async Task A_body_of_any_depth_and_any_octets_is_answered()
    {
        foreach (var depth in new[] { 15, 17, 1000, 200_000 })
        {
            var (status, _, _) = await SendAsync(HttpMethod.Post, "v1/ports", "{\"name\":\"x\",\"tap\":" + new string('[', depth) + new string(']', depth) + "}");
            Assert.True(status is 200 or 400 or 409, $"{depth}: {status}");
        }

        var random = new Random(7);
        var octets = new byte[200];
        for (var round = 0; round < 300; round++)
        {
            random.NextBytes(octets);
            if (round % 2 == 0)
            {
                "{\"name\":\"x\",\"tap\":\""u8.CopyTo(octets);
            }

            using var content = new ByteArrayContent(octets, 0, random.Next(octets.Length));
            using var response = await _http.PostAsync("v1/ports", content);
            Assert.Equal(400, (int)response.StatusCode);
        }

        using var large = new ByteArrayContent(new byte[(1024 * 1024) + 1]);
        using var refused = await _http.PostAsync("v1/ports", large);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
    }

    [Theory]
    [InlineData("DELETE", "v1/ports")]
    [InlineData("DELETE", "v1/ports?name=")]
    [InlineData("DELETE", "v1/ports?name=a&name=b")]
    [InlineData("DELETE", "v1/peers?name=a&with_macs=1")]
    [InlineData("DELETE", "v1/macs?vni=100")]
    [InlineData("DELETE", "v1/macs?vni=x&mac=02:00:00:00:00:02")]
    [InlineData("DELETE", "v1/macs?vni=100&mac=02:00:00:00:00:02&all=true")]
    [InlineData("POST", "v1/ports?save=yes")]
    [InlineData("POST", "v1/ports?save=")]
    [InlineData("GET", "v1/events?since=1")]
    [InlineData("GET", "v1/events?since=-1s")]
    [InlineData("GET", "v1/events?since=999999999h")]
    [InlineData("GET", "v1/events?follow=x")]
    public async Task A_request_that_does_not_say_what_it_means_is_refused(string method, string resource)
    {
        var (status, code, _) = await SendAsync(new HttpMethod(method), resource, method == "POST" ? "{}" : null);
        Assert.Equal((400, "bad_request"), (status, code));
    }

    [Fact]
    public async Task Methods_that_a_resource_has_not_are_named()
    {
        using var response = await _http.PutAsync("v1/ports", null);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(["DELETE", "POST"], response.Content.Headers.Allow.Order());
    }

    [Fact]
    public async Task What_was_removed_is_named_to_the_backend()
    {
        _backend.Text = "peers:\n  - { name: b, addresses: [192.0.2.2] }\nmacs: []\n";
        Assert.Equal(200, (await SendAsync(HttpMethod.Delete, "v1/peers?name=b&with_macs=true&dry_run=true")).Status);
        Assert.Equal(("peer del b", "peers macs", true), (_backend.LastChange!.What, string.Join(" ", _backend.LastChange.Shifts!), _backend.LastChange.DryRun));
        Assert.Equal("peers:\nmacs: []\n", _backend.LastEdit!.Text);
    }

    [Fact]
    public async Task Events_come_as_the_standard_has_them_and_resume()
    {
        _events.Add(EventNames.PortUp, "web", "port \"web\" is up\nfor good", ("device", "tap-web"));
        var text = await _http.GetStringAsync("v1/events?follow=false");
        Assert.Equal(
            ["retry: 2000", "", $"id: {_events.Epoch}-1", "event: port.up"],
            text.Split('\n').Take(4));
        using var data = JsonDocument.Parse(text.Split('\n')[4]["data: ".Length..]);
        Assert.Equal(("port.up", "web", "tap-web"), (data.RootElement.GetProperty("event").GetString(), data.RootElement.GetProperty("subject").GetString(), data.RootElement.GetProperty("fields").GetProperty("device").GetString()));

        using var request = new HttpRequestMessage(HttpMethod.Get, "v1/events");
        request.Headers.Add("Last-Event-ID", $"{_events.Epoch}-1");
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal("retry: 2000", await reader.ReadLineAsync());
        _events.Add(EventNames.PortDown, "web", "down");
        Assert.Equal("", await reader.ReadLineAsync());
        Assert.Equal($"id: {_events.Epoch}-2", await reader.ReadLineAsync());
        _events.Complete();
        Assert.EndsWith("}\n\n", await reader.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_client_too_many_is_refused_and_gets_in_when_another_has_gone()
    {
        var open = new List<HttpResponseMessage>();
        for (var i = 0; i < EventLog.MaxClients; i++)
        {
            open.Add(await _http.GetAsync("v1/events", HttpCompletionOption.ResponseHeadersRead));
        }

        Assert.Equal((503, "too_many_clients"), (await SendAsync(HttpMethod.Get, "v1/events")) is var (s, c, _) ? (s, c) : default);
        open.ForEach(response => response.Dispose());
        var deadline = DateTime.UtcNow.AddSeconds(30);
        HttpResponseMessage again;
        while ((again = await _http.GetAsync("v1/events?follow=false", HttpCompletionOption.ResponseHeadersRead)).StatusCode != HttpStatusCode.OK && DateTime.UtcNow < deadline)
        {
            again.Dispose();
            await Task.Yield();
        }

        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        again.Dispose();
    }

    [Fact]
    public async Task A_client_that_does_not_read_does_not_hold_up_the_end()
    {
        for (var i = 0; i < 4096; i++)
        {
            _events.Add(EventNames.ConfigSaved, null, new string('x', 500));
        }

        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath));
        await client.SendAsync("GET /v1/events?since=1h HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        await client.ReceiveAsync(new byte[64]);
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        await _app.StopAsync();

        // The server waits for half a minute for whoever is being answered.
        Assert.InRange(System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 15);
    }

    [Fact]
    public void Every_resource_and_every_event_is_in_the_documentation_and_no_other()
    {
        var text = File.ReadAllText(RepositoryFiles.PathOf("docs", "api.md"));
        var documented = text.Split('\n').Where(line => line.StartsWith("### `", StringComparison.Ordinal)).Select(line => line.Split('`')[1]).ToHashSet();
        var there = AdminApi.Resources.Select(resource => $"{resource.Method} {resource.Path}").ToHashSet();
        Assert.Empty(there.Except(documented));
        Assert.Empty(documented.Except(there));
        var events = text.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).SelectMany(line => line.Split('|')[1].Split('`').Where((_, i) => i % 2 == 1)).ToHashSet();
        Assert.Empty(EventNames.All.Except(events));
    }
}
