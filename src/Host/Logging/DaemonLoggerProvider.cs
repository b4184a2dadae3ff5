using System.Globalization;
using System.Text;

namespace Overlay.Host.Logging;

/// <summary>
/// Writes log lines to standard error. Under systemd with a syslog priority in front (<c>&lt;6&gt;</c>, sd-daemon(3)) and without a time,
/// which the journal adds; otherwise with time and level.
/// </summary>
/// <remarks>Thread-safe. The level may be changed at run time; categories of the framework are heard from <see cref="LogLevel.Warning"/> on.</remarks>
public sealed class DaemonLoggerProvider : ILoggerProvider
{
    private readonly Lock _lock = new();
    private readonly TextWriter _output;
    private readonly bool _systemd;
    private readonly TimeProvider _time;
    private volatile int _level;

    /// <summary>Makes a provider.</summary>
    /// <param name="output">Where lines go; not closed.</param>
    /// <param name="systemd">Priorities instead of time and level.</param>
    /// <param name="level">The least level written.</param>
    /// <param name="time">The clock of the time stamps.</param>
    public DaemonLoggerProvider(TextWriter output, bool systemd, LogLevel level, TimeProvider time)
    {
        _output = output;
        _systemd = systemd;
        _time = time;
        _level = (int)level;
    }

    /// <summary>The least level written.</summary>
    public LogLevel Level
    {
        get => (LogLevel)_level;
        set => _level = (int)value;
    }

    /// <summary>True if standard error is read by the journal, or a service manager started us.</summary>
    public static bool IsUnderSystemd =>
        Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 } || Environment.GetEnvironmentVariable("INVOCATION_ID") is { Length: > 0 };

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new CategoryLogger(this, Floor(categoryName));

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    // The host says of a failed start what we say better; the rest of the framework is heard when something is wrong.
    private static LogLevel Floor(string category) =>
        category.StartsWith("Microsoft.Extensions.Hosting", StringComparison.Ordinal) ? LogLevel.Critical
        : category.StartsWith("Microsoft.", StringComparison.Ordinal) || category.StartsWith("System.", StringComparison.Ordinal) ? LogLevel.Warning
        : LogLevel.Trace;

    private static string Priority(LogLevel level) => level switch
    {
        LogLevel.Critical => "<2>",
        LogLevel.Error => "<3>",
        LogLevel.Warning => "<4>",
        LogLevel.Information => "<6>",
        _ => "<7>",
    };

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Critical => "crit ",
        LogLevel.Error => "error",
        LogLevel.Warning => "warn ",
        LogLevel.Information => "info ",
        LogLevel.Debug => "debug",
        _ => "trace",
    };

    private void Write(LogLevel level, EventId id, string message, Exception? error)
    {
        var prefix = _systemd
            ? Priority(level)
            : string.Create(CultureInfo.InvariantCulture, $"{_time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {Word(level)} ");
        var text = new StringBuilder(prefix).Append('[').Append(id.Id).Append("] ");
        AppendPrintable(text, message, prefix);
        if (error is not null)
        {
            // What went wrong always; where in the code only for who asked for detail.
            AppendPrintable(text.Append(": "), Level <= LogLevel.Debug ? error.ToString() : $"{error.GetType().Name}: {error.Message}", prefix);
        }

        text.Append('\n');
        lock (_lock)
        {
            try
            {
                _output.Write(text.ToString());
                _output.Flush();
            }
            catch (Exception failure) when (failure is IOException or ObjectDisposedException)
            {
                // Nobody reads: forwarding goes on.
            }
        }
    }

    // A line is one record to the journal, and what came from outside must not look like one of ours.
    private static void AppendPrintable(StringBuilder text, string message, string prefix)
    {
        foreach (var c in message)
        {
            if (c == '\n')
            {
                text.Append('\n').Append(prefix).Append("  ");
            }
            else if (char.IsControl(c))
            {
                text.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}");
            }
            else
            {
                text.Append(c);
            }
        }
    }

    private sealed class CategoryLogger(DaemonLoggerProvider provider, LogLevel floor) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None && logLevel >= provider.Level && logLevel >= floor;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                provider.Write(logLevel, eventId, formatter(state, exception), exception);
            }
        }
    }
}
