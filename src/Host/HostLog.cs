namespace Overlay.Host;

/// <summary>
/// Log messages of the host. Event ids 1000–1999 (dataplane 2000–2999, control 3000–3999); an id that is no longer used is not used again.
/// Field names, the same everywhere: <c>Vni Mac Vtep Port Origin Reason Plane Node File Revision</c>.
/// </summary>
internal static partial class HostLog
{
    [LoggerMessage(1000, LogLevel.Information, "overlayd {Version} starts as {Node} with {File}")]
    public static partial void Starting(ILogger log, string version, string node, string file);

    [LoggerMessage(1001, LogLevel.Information, "ready {Milliseconds} ms after the process began: {Summary}. Next: overlayctl status")]
    public static partial void Ready(ILogger log, long milliseconds, string summary);

    [LoggerMessage(1002, LogLevel.Information, "stopping: {Step}")]
    public static partial void Stopping(ILogger log, string step);

    [LoggerMessage(1003, LogLevel.Information, "stopped")]
    public static partial void Stopped(ILogger log);

    [LoggerMessage(1004, LogLevel.Warning, "{Message}")]
    public static partial void Warn(ILogger log, string message);

    [LoggerMessage(1005, LogLevel.Warning, "configuration: {Warning}")]
    public static partial void ConfigurationWarning(ILogger log, string warning);

    [LoggerMessage(1010, LogLevel.Information, "configuration revision {Revision} in force: {Changes}")]
    public static partial void Reloaded(ILogger log, long revision, string changes);

    [LoggerMessage(1011, LogLevel.Error, "reload refused, revision {Revision} stays in force: {Reason}")]
    public static partial void ReloadRefused(ILogger log, long revision, string reason);

    [LoggerMessage(1012, LogLevel.Error, "reload: {Error}")]
    public static partial void ReloadError(ILogger log, string error);

    [LoggerMessage(1013, LogLevel.Error, "a change of the underlay was not taken over; the next one will be")]
    public static partial void UnderlayNotTaken(ILogger log, Exception error);

    [LoggerMessage(1017, LogLevel.Warning, "{What} refused, revision {Revision} stays in force: {Reason}")]
    public static partial void ChangeRefused(ILogger log, string what, long revision, string reason);

    [LoggerMessage(1018, LogLevel.Information, "configuration revision {Revision} is saved in {File}")]
    public static partial void Saved(ILogger log, long revision, string file);

    [LoggerMessage(1019, LogLevel.Error, "the configuration in force is not saved: {Reason}")]
    public static partial void SaveFailed(ILogger log, string reason);

    [LoggerMessage(1015, LogLevel.Warning, "alarm {Alarm}")]
    public static partial void StormBegan(ILogger log, string alarm);

    [LoggerMessage(1016, LogLevel.Information, "alarm over: {Alarm}")]
    public static partial void StormEnded(ILogger log, string alarm);

    [LoggerMessage(1013, LogLevel.Information, "{Count} learned MACs flushed by an operator")]
    public static partial void Flushed(ILogger log, int count);

    [LoggerMessage(1032, LogLevel.Information, "frames are forwarded {Milliseconds} ms after the process began")]
    public static partial void Forwards(ILogger log, long milliseconds);

    [LoggerMessage(1031, LogLevel.Error, "a part of what a restart keeps is not kept")]
    public static partial void HandOverFailed(ILogger log, Exception error);

    [LoggerMessage(1034, LogLevel.Information, "{Count} held entries of control plane {Plane} go: an operator approved it")]
    public static partial void WithdrawsApproved(ILogger log, int count, string plane);

    [LoggerMessage(1020, LogLevel.Error, "API request {Method} {Path} failed")]
    public static partial void RequestFailed(ILogger log, Exception error, string method, string path);

    [LoggerMessage(1021, LogLevel.Critical, "start failed")]
    public static partial void StartFailed(ILogger log, Exception error);

    [LoggerMessage(1022, LogLevel.Error, "sampling failed")]
    public static partial void SamplingFailed(ILogger log, Exception error);

    [LoggerMessage(1030, LogLevel.Information, "log level {Was} is {Level} now, until the next reload")]
    public static partial void LevelChanged(ILogger log, string was, string level);

    [LoggerMessage(1031, LogLevel.Information, "evpn neighbors cleared by an operator ({Neighbor}): {Effect}")]
    public static partial void EvpnCleared(ILogger log, string neighbor, string effect);
}
