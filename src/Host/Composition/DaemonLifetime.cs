using System.Runtime.InteropServices;
using Overlay.Host.Api;

namespace Overlay.Host.Composition;

/// <summary>Signals: SIGTERM and SIGINT stop in order, the second one at once; SIGHUP reloads. Takes the place of the console lifetime.</summary>
internal sealed class DaemonLifetime(IHostApplicationLifetime application, IAdminBackend backend) : IHostLifetime, IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _asked;
    private volatile bool _isInterrupted;

    /// <summary>Whether somebody at a terminal ended it (SIGINT), and not a service manager that may start it again.</summary>
    public bool IsInterrupted => _isInterrupted;

    /// <inheritdoc/>
    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        foreach (var signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT })
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, Stop));
        }

        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, Reload));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        _isInterrupted |= context.Signal == PosixSignal.SIGINT;
        if (Interlocked.Increment(ref _asked) > 1)
        {
            Environment.Exit(ExitCode.Failure);
        }

        application.StopApplication();
    }

    private void Reload(PosixSignalContext context)
    {
        context.Cancel = true;

        // The outcome is logged by whoever reloads.
        _ = Task.Run(() => backend.ReloadAsync(CancellationToken.None));
    }
}
