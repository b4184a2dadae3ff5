using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Overlay.Host.Systemd;
using Xunit;

namespace Overlay.Host.Tests.Systemd;

public sealed class SystemdNotifierTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("overlay-notify-").FullName;
    private readonly Socket _manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 5000 };

    public void Dispose()
    {
        _manager.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private SystemdNotifier Listen(bool isAbstract)
    {
        var name = isAbstract ? $"@overlay-test-{Guid.NewGuid():n}" : Path.Combine(_folder, "notify");
        _manager.Bind(new UnixDomainSocketEndPoint(isAbstract ? '\0' + name[1..] : name));
        return new SystemdNotifier(name);
    }

    private string Received()
    {
        var buffer = new byte[1024];
        return Encoding.UTF8.GetString(buffer, 0, _manager.Receive(buffer));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Messages_follow_the_protocol_on_a_path_and_on_an_abstract_name(bool isAbstract)
    {
        var notifier = Listen(isAbstract);
        notifier.Ready("3 ports\nup");
        Assert.Equal("READY=1\nSTATUS=3 ports up", Received());
        notifier.Status("x");
        Assert.Equal("STATUS=x", Received());
        notifier.Watchdog();
        Assert.Equal("WATCHDOG=1", Received());
        notifier.Stopping("draining");
        Assert.Equal("STOPPING=1\nSTATUS=draining", Received());
    }

    [Fact]
    public void A_reload_says_when_it_began_in_monotonic_microseconds()
    {
        var notifier = Listen(false);
        notifier.Reloading();
        var lines = Received().Split('\n');
        Assert.Equal("RELOADING=1", lines[0]);
        var usec = long.Parse(lines[1]["MONOTONIC_USEC=".Length..], CultureInfo.InvariantCulture);
        var uptime = double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture);
        Assert.InRange(usec / 1e6, uptime - 60, uptime + 60);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("relative")]
    [InlineData("/no/such/socket")]
    public void Without_a_manager_nothing_happens(string? path) => new SystemdNotifier(path).Ready("x");
}
