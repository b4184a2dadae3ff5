namespace Overlay.Host.Metrics;

/// <summary>Log messages of the metrics. Event ids 1100–1119.</summary>
internal static partial class MetricsLog
{
    [LoggerMessage(1100, LogLevel.Information, "metrics at http://{EndPoint}/metrics")]
    public static partial void Listening(ILogger log, string endPoint);

    [LoggerMessage(1101, LogLevel.Warning, "metrics.listen: {EndPoint} cannot be listened on: {Reason}; forwarding goes on, and it is tried again every few seconds. Next: ss -ltnp")]
    public static partial void NotListening(ILogger log, string endPoint, string reason);

    [LoggerMessage(1102, LogLevel.Information, "metrics are served no more")]
    public static partial void Closed(ILogger log);

    [LoggerMessage(1103, LogLevel.Error, "metrics request {Path} failed")]
    public static partial void RequestFailed(ILogger log, Exception error, string path);

    [LoggerMessage(1105, LogLevel.Information, "metrics are pushed to {Endpoint} every {Seconds} s")]
    public static partial void Pushing(ILogger log, string endpoint, double seconds);

    [LoggerMessage(1106, LogLevel.Warning, "metrics.otlp: {Endpoint} did not take metrics {Times} times in a row; it is tried on. Next: curl -v that address")]
    public static partial void NotPushed(ILogger log, string endpoint, int times);

    [LoggerMessage(1107, LogLevel.Information, "metrics.otlp: {Endpoint} takes metrics again")]
    public static partial void PushedAgain(ILogger log, string endpoint);

    [LoggerMessage(1108, LogLevel.Information, "metrics are pushed no more")]
    public static partial void PushEnded(ILogger log);

    [LoggerMessage(1104, LogLevel.Error, "the metrics stopped because of a defect of overlayd; forwarding goes on")]
    public static partial void Failed(ILogger log, Exception error);
}
