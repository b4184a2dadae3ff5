namespace Overlay.Host.Api;

/// <summary>
/// Ends an answer that goes on and on when its client goes away, or a moment after the daemon begins to stop: a client that does not read must not hold up the stop, which
/// drains what tenants sent.
/// </summary>
internal sealed class StreamEnd : IDisposable
{
    private static readonly TimeSpan Farewell = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _end;
    private readonly CancellationTokenRegistration _stopping;

    public StreamEnd(HttpContext http, IHostApplicationLifetime lifetime)
    {
        _end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        _stopping = lifetime.ApplicationStopping.Register(() => _end.CancelAfter(Farewell));
    }

    /// <summary>Cancelled at the end. A write that is given up by it closes the connection.</summary>
    public CancellationToken Token => _end.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Dispose();
        _end.Dispose();
    }
}
