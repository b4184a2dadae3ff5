namespace Overlay.Host.Metrics;

/// <summary>What metrics and health checks ask the daemon. Any thread.</summary>
internal interface IMetricsSource
{
    /// <summary><c>starting</c>, <c>ok</c> or <c>stopping</c>.</summary>
    string Health { get; }

    /// <summary>What reloads came to.</summary>
    ReloadFigures Reloads { get; }
}
