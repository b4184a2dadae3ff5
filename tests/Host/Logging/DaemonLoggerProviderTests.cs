using Microsoft.Extensions.Logging;
using Overlay.Host.Logging;
using Xunit;

namespace Overlay.Host.Tests.Logging;

public sealed class DaemonLoggerProviderTests : IDisposable
{
    private readonly StringWriter _output = new();
    private readonly DaemonLoggerProvider _journal;

    public DaemonLoggerProviderTests() => _journal = new DaemonLoggerProvider(_output, systemd: true, LogLevel.Information, TimeProvider.System);

    public void Dispose()
    {
        _journal.Dispose();
        _output.Dispose();
    }

    [Theory]
    [InlineData(LogLevel.Critical, "<2>")]
    [InlineData(LogLevel.Error, "<3>")]
    [InlineData(LogLevel.Warning, "<4>")]
    [InlineData(LogLevel.Information, "<6>")]
    public void The_journal_gets_syslog_priorities(LogLevel level, string priority)
    {
        _journal.CreateLogger("Overlay").Log(level, new EventId(7), "text");
        Assert.Equal($"{priority}[7] text\n", _output.ToString());
    }

    [Fact]
    public void Every_line_of_a_message_has_the_priority_and_control_characters_are_escaped()
    {
        _journal.CreateLogger("Overlay").Log(LogLevel.Warning, new EventId(7), "one\ntwo\u001b[31m");
        Assert.Equal("<4>[7] one\n<4>  two\\x1b[31m\n", _output.ToString());
    }

    [Fact]
    public void The_level_can_be_changed_at_run_time()
    {
        var log = _journal.CreateLogger("Overlay");
        Assert.False(log.IsEnabled(LogLevel.Debug));
        _journal.Level = LogLevel.Debug;
        Assert.True(log.IsEnabled(LogLevel.Debug));
    }

    [Fact]
    public void The_framework_is_heard_when_something_is_wrong()
    {
        var log = _journal.CreateLogger("Microsoft.AspNetCore.Server.Kestrel");
        Assert.False(log.IsEnabled(LogLevel.Information));
        Assert.True(log.IsEnabled(LogLevel.Warning));
    }
}
