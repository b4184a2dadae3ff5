using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Options;
using Overlay.Control.Evpn.Queries;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Tests.Session;

/// <summary>A speaker at an address of its own on loopback, with routes and a log that remember.</summary>
internal sealed class TestSpeaker : ILogger, IAsyncDisposable
{
    private static int _next;

    public TestSpeaker(EvpnOptions options, TimeProvider? time = null)
    {
        Options = options;
        Speaker = new BgpSpeaker(options, Routes, time ?? TimeProvider.System, this);
        Speaker.NeighborChanged = Events.Enqueue;
    }

    public const int Port = 17900;

    public EvpnOptions Options { get; private set; }

    public RecordingRoutes Routes { get; } = new();

    public BgpSpeaker Speaker { get; }

    public ConcurrentQueue<string> Log { get; } = new();

    public ConcurrentQueue<EvpnNeighborEvent> Events { get; } = new();

    /// <summary>An address in 127.0.0.0/8 that no other test has.</summary>
    public static string NewAddress()
    {
        int n = Interlocked.Increment(ref _next);
        return $"127.{20 + (Environment.ProcessId % 200)}.{n / 250}.{1 + (n % 250)}";
    }

    public static EvpnOptions OptionsOf(string address, uint number = 65001, uint routerId = 0, params EvpnSessionOptions[] sessions) => new()
    {
        As = number,
        RouterId = routerId != 0 ? routerId : UnderlayAddress.Parse(address) is { IsIPv4: true } v4 ? v4.IPv4Value : 1,
        ListenAddresses = [UnderlayAddress.Parse(address)],
        ListenPort = Port,
        Neighbors = [.. sessions.OfType<EvpnNeighborOptions>()],
        Dynamic = [.. sessions.OfType<EvpnDynamicOptions>()],
    };

    public static EvpnNeighborOptions Neighbor(string address, string? local = null, uint number = 65001, int port = Port) => new()
    {
        Address = UnderlayAddress.Parse(address),
        As = number,
        Port = port,
        LocalAddress = local is null ? default : UnderlayAddress.Parse(local),
        ConnectRetry = TimeSpan.FromSeconds(1),
    };

    public static TestSpeaker Start(EvpnOptions options, TimeProvider? time = null)
    {
        var speaker = new TestSpeaker(options, time);
        speaker.Speaker.Start();
        return speaker;
    }

    public async Task ApplyAsync(EvpnOptions options)
    {
        Options = options;
        await Speaker.ApplyAsync(options);
    }

    public EvpnNeighborRow Row(string name) => Speaker.Neighbors().Single(r => r.Name == name);

    public bool IsUp(string name) => Routes.Sessions.ContainsKey(name);

    public string Describe() => string.Join('\n', Log.TakeLast(30)) + "\n" + string.Join(' ', Routes.Calls) + "\n"
        + string.Join('\n', Speaker.Neighbors().Select(static r => $"{r.Name} {r.State} {r.LastError}"));

    public async Task Up(string name) => await Wait.Until(() => IsUp(name), $"a session with {name}", Describe);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Log.Enqueue($"{logLevel} {eventId.Id} {formatter(state, exception)} {exception}");

    public async ValueTask DisposeAsync()
    {
        await Speaker.DisposeAsync();
        Assert.Empty(Routes.Mistakes);
        Assert.DoesNotContain(Log, static l => l.Contains(" 3208 ") || l.Contains(" 3209 "));
    }
}
