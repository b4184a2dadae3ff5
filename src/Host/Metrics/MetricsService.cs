using System.Net;
using System.Net.Sockets;
using Overlay.Host.Composition;
using Overlay.Host.Configuration;

namespace Overlay.Host.Metrics;

/// <summary>
/// Serves metrics where the configuration says. It begins when the daemon is ready, follows every change of the configuration, and whatever becomes of it forwarding goes on: an
/// address that is in use is an alarm and is tried again.
/// </summary>
internal sealed class MetricsService : IAsyncDisposable
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(30);
    private readonly DaemonRuntime _runtime;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly OverlayInstruments _instruments = new();
    private readonly PrometheusText _text;
    private readonly MetricsReader _reader;
    private readonly MetricsPages _pages;
    private readonly SemaphoreSlim _reading = new(1, 1);
    private readonly SemaphoreSlim _rendering = new(1, 1);
    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private MetricsServer? _server;
    private IPEndPoint? _listening;
    private OtlpLoop? _push;
    private OtlpSpec? _pushing;
    private long _pushed;
    private long _notPushed;
    private long _scrapes;
    private long _refused;

    private MetricsService(DaemonRuntime runtime, IMetricsSource daemon, ILoggerFactory loggers, TimeProvider time)
    {
        _runtime = runtime;
        _loggers = loggers;
        _log = loggers.CreateLogger<MetricsService>();
        _time = time;
        _text = new PrometheusText(_instruments);
        _reader = new MetricsReader(runtime, daemon, time);
        _pages = new MetricsPages(
            RenderAsync, () => Readiness.AliveAsync(daemon.Health, runtime), () => Readiness.Ready(daemon.Health, runtime), () => Interlocked.Increment(ref _refused), _log);
        runtime.Changed = OnChanged;
        _running = Task.Run(RunAsync);
    }

    /// <summary>Begins, without waiting for it.</summary>
    public static MetricsService Start(DaemonRuntime runtime, IMetricsSource daemon, ILoggerFactory loggers, TimeProvider time) => new(runtime, daemon, loggers, time);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _runtime.Changed = static () => { };
        await _stop.CancelAsync();
        await _running;
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _push?.Dispose();
        _pages.Dispose();
        _text.Dispose();
        _instruments.Dispose();
        _rendering.Dispose();
        _reading.Dispose();
        _changed.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            var retry = FirstRetry;
            while (true)
            {
                FollowPush();
                var isServed = await FollowAsync();
                var isChanged = await _changed.WaitAsync(isServed ? Timeout.InfiniteTimeSpan : retry, _stop.Token);
                retry = isServed || isChanged ? FirstRetry : TimeSpan.FromTicks(Math.Min(LastRetry.Ticks, retry.Ticks * 2));
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
        catch (Exception error)
        {
            MetricsLog.Failed(_log, error);
        }
    }

    /// <summary>Listens where the configuration in force says.</summary>
    /// <returns>False if it cannot for now.</returns>
    private async Task<bool> FollowAsync()
    {
        var wanted = _runtime.Config.Metrics.Listen;
        if (Equals(wanted, _listening))
        {
            return true;
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
            (_server, _listening) = (null, null);
            MetricsLog.Closed(_log);
        }

        if (wanted is null)
        {
            _runtime.HostAlarms.Clear("metrics_listen");
            return true;
        }

        try
        {
            _server = await MetricsServer.StartAsync(wanted, _pages.InvokeAsync, _loggers);
            _listening = wanted;
            _runtime.HostAlarms.Clear("metrics_listen");
            MetricsLog.Listening(_log, wanted.ToString());
            return true;
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            // Kestrel wraps what the socket said.
            var reason = (error.GetBaseException() as SocketException ?? error).Message;
            if (_runtime.HostAlarms.Set("metrics_listen", wanted.ToString(), $"cannot be listened on: {reason}"))
            {
                MetricsLog.NotListening(_log, wanted.ToString(), reason);
            }

            return false;
        }
    }

    /// <summary>Pushes where the configuration in force says.</summary>
    private void FollowPush()
    {
        var wanted = _runtime.Config.Metrics.Otlp;
        if (wanted == _pushing)
        {
            return;
        }

        if (_push is not null)
        {
            _push.Dispose();
            _push = null;
            MetricsLog.PushEnded(_log);
        }

        _pushing = wanted;
        if (wanted is not null)
        {
            _push = new OtlpLoop(wanted, _runtime.Config.NodeName, ReadAsync, taken => Interlocked.Increment(ref taken ? ref _pushed : ref _notPushed), _runtime.HostAlarms, _log);
        }
    }

    private void OnChanged()
    {
        try
        {
            _changed.Release();
        }
        catch (SemaphoreFullException)
        {
            // It will look anyway.
        }
    }

    private async Task RenderAsync(Utf8Page page)
    {
        await _rendering.WaitAsync(_stop.Token);
        try
        {
            _text.Render(await ReadAsync(), page);
            Interlocked.Increment(ref _scrapes);
        }
        finally
        {
            _rendering.Release();
        }
    }

    private async Task<MetricsReading> ReadAsync()
    {
        await _reading.WaitAsync(_stop.Token);
        try
        {
            return await _reader.ReadAsync(new OwnFigures
            {
                Scrapes = Interlocked.Read(ref _scrapes),
                Refused = Interlocked.Read(ref _refused),
                Pushed = Interlocked.Read(ref _pushed),
                NotPushed = Interlocked.Read(ref _notPushed),
            });
        }
        finally
        {
            _reading.Release();
        }
    }
}
