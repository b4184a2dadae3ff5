using Overlay.Dataplane.HandOver;
using Overlay.Encap;
using Overlay.Host.Api;
using Overlay.Host.Configuration;
using Overlay.Host.Events;
using Overlay.Host.Logging;
using Overlay.Host.Metrics;
using Overlay.Host.Restart;
using Overlay.Host.State;
using Overlay.Host.Systemd;

namespace Overlay.Host.Composition;

/// <summary>Puts the process together and runs it. Reads as the table of contents of the daemon.</summary>
internal static class DaemonHost
{
    private static readonly TimeSpan ShutdownLimit = TimeSpan.FromSeconds(10);

    /// <summary>Runs until a signal.</summary>
    /// <param name="file">The configuration file.</param>
    /// <param name="loaded">What was read from it.</param>
    /// <param name="privileges">What there is to say about capabilities, or null.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string file, ConfigurationResult loaded, string? privileges)
    {
        ExceptionCount.Begin();
        var config = loaded.Value!;
        var time = TimeProvider.System;
        using var logging = new DaemonLoggerProvider(Console.Error, DaemonLoggerProvider.IsUnderSystemd, config.Log.Level, time);
        if (AdminSocket.Prepare(config.Admin.Socket) is { } fault)
        {
            return Fail(fault);
        }

        StateFile.MakeDirectory(config.StateDirectory);
        using var own = DirectoryLock.TryTake(config.StateDirectory, out var isTaken);
        if (isTaken)
        {
            return Fail($"state.directory: another overlayd keeps its state in {config.StateDirectory}: each removes TAPs that it does not know. Give this one a directory of its own");
        }

        StateFile.Tidy(config.StateDirectory, TapLedger.FileName, HandOver.FileName, FlowHashSeedStore.FileName);
        using var loggers = new LoggerFactory([logging], new LoggerFilterOptions { MinLevel = LogLevel.Trace });
        HostLog.Starting(loggers.CreateLogger<Daemon>(), BuildInformation.Version, config.NodeName, file);
        if (privileges is not null)
        {
            HostLog.Warn(loggers.CreateLogger<Daemon>(), privileges);
        }

        var handOver = HandOver.Begin(config, warning => HostLog.Warn(loggers.CreateLogger<HandOver>(), warning));
        await using var runtime = new DaemonRuntime(config, Seed(config, loggers), time, loggers, handOver);

        // Half of a start is the runtime compiling what it meets for the first time: the dataplane comes up on one processor while the server is put
        // together on another. Nothing listens before the daemon forwards. Where frames wait already, they come before everything else.
        var starting = Task.Run(runtime.StartAsync);
        if (handOver.IsTakingOver)
        {
            await Task.WhenAny(starting);
        }

        var app = Build(new DaemonOptions(file, loaded, SocketArgument(config), starting), runtime, logging, loggers, time);
        await using var web = app.ConfigureAwait(true);
        var lifetime = (DaemonLifetime)app.Services.GetRequiredService<IHostLifetime>();
        var daemon = app.Services.GetRequiredService<Daemon>();
        try
        {
            await app.StartAsync();
        }
        catch (DaemonStartException error)
        {
            foreach (var line in error.Errors)
            {
                Fail(line);
            }

            return Fail("not started. Next: overlayctl doctor");
        }
        catch (OperationCanceledException) when (app.Lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // A signal that came before we were ready: what has begun is ended as if it had.
            await Task.WhenAny(starting);
            await daemon.StopAsync(CancellationToken.None);
            await app.DisposeAsync();
            await runtime.StopAsync(remove: lifetime.IsInterrupted);
            HostLog.Stopped(loggers.CreateLogger<Daemon>());
            return ExitCode.Ok;
        }
        catch (Exception error) when (error is IOException or System.Net.Sockets.SocketException or UnauthorizedAccessException)
        {
            await daemon.StopAsync(CancellationToken.None);
            await runtime.StopAsync();
            return Fail($"admin.socket: {config.Admin.Socket} cannot be used: {error.Message}. Run: ls -ld {Path.GetDirectoryName(config.Admin.Socket)}");
        }
        catch (Exception error)
        {
            HostLog.StartFailed(loggers.CreateLogger<Daemon>(), error);
            return Fail("not started because of a defect of overlayd. Next: overlayctl doctor");
        }

        daemon.AnnounceReady();
        var metrics = MetricsService.Start(runtime, daemon, loggers, time);
        await app.WaitForShutdownAsync();
        await metrics.DisposeAsync();
        await app.DisposeAsync();

        // Forwarding ends last, and the process directly after it: from here on until the next one reads, frames wait.
        await runtime.StopAsync(remove: lifetime.IsInterrupted);
        HostLog.Stopped(loggers.CreateLogger<Daemon>());
        return ExitCode.Ok;
    }

    private static WebApplication Build(DaemonOptions options, DaemonRuntime runtime, DaemonLoggerProvider logging, ILoggerFactory loggers, TimeProvider time)
    {
        // Empty: no files of ours are looked for in the working directory, and no variables but OVERLAY__ are listened to.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "overlayd", ContentRootPath = "/" });
        builder.AddAdminSocket(runtime.Config.Admin.Socket);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownLimit);
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(logging);
        builder.Services.AddSingleton(SystemdNotifier.FromEnvironment());
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(runtime);
        builder.Services.AddSingleton<EventLog>();
        builder.Services.AddSingleton<Daemon>();
        builder.Services.AddSingleton<IAdminBackend>(services => services.GetRequiredService<Daemon>());
        builder.Services.AddSingleton<AdminApi>();
        builder.Services.AddSingleton<IHostLifetime, DaemonLifetime>();

        // Before the server: it starts first, and stops last.
        builder.Services.AddHostedService(services => services.GetRequiredService<Daemon>());
        var app = builder.Build();
        app.Run(app.Services.GetRequiredService<AdminApi>().InvokeAsync);

        // Whoever listens to events is told, and let go: the server waits for all that it answers.
        app.Lifetime.ApplicationStopping.Register(() =>
        {
            var events = app.Services.GetRequiredService<EventLog>();
            events.Add(EventNames.Stopping, null, "the daemon stops");
            events.Complete();
        });
        return app;
    }

    private static FlowHashSeed Seed(OverlayConfig config, ILoggerFactory loggers)
    {
        var seed = FlowHashSeedStore.LoadOrCreate(config.StateDirectory, out var warning);
        if (warning is not null)
        {
            HostLog.Warn(loggers.CreateLogger<Daemon>(), warning);
        }

        return seed;
    }

    private static string SocketArgument(OverlayConfig config) =>
        config.Admin.Socket == "/run/overlay/overlayd.sock" ? "" : $"--socket {config.Admin.Socket} ";

    private static int Fail(string message)
    {
        Console.Error.WriteLine($"{(DaemonLoggerProvider.IsUnderSystemd ? "<3>" : "")}overlayd: {message}");
        return ExitCode.Failure;
    }
}
