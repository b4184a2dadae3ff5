using System.Collections.Immutable;
using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Tests.Wire;

/// <summary>OPEN, and what its capabilities say.</summary>
public sealed class OpenMessageTests
{
    [Fact]
    public void An_open_of_ours_is_read_as_it_was_made()
    {
        var restart = new GracefulRestartCapability
        {
            IsRestarting = true,
            HandlesNotification = true,
            RestartTime = TimeSpan.FromSeconds(4095),
            Families = [new GracefulRestartFamily(EvpnFamily.Afi, EvpnFamily.Safi, true), new GracefulRestartFamily(1, 1, false)],
        };
        OpenMessage sent = OpenMessage.Create(
            4_200_000_001,
            TimeSpan.FromSeconds(90),
            0xC0000201,
            [
                BgpCapability.OfFamily(EvpnFamily.Afi, EvpnFamily.Safi), BgpCapability.Of(BgpCapability.RouteRefresh), BgpCapability.Of(BgpCapability.EnhancedRefresh),
                BgpCapability.Of(BgpCapability.ExtendedMessage), restart.ToCapability(), BgpCapability.OfFqdn("leaf-1", "example.net"), new BgpCapability(200, new byte[] { 1, 2, 3 }),
            ]);
        OpenMessage read = RoundTrip(sent);
        Assert.Equal(OpenMessage.AsTrans, read.As2);
        Assert.Equal(4_200_000_001, read.As);
        Assert.Equal(TimeSpan.FromSeconds(90), read.HoldTime);
        Assert.Equal(0xC0000201, read.RouterId);
        Assert.True(read.HasEvpn && read.HasFourOctetAs && read.HasRouteRefresh && read.HasEnhancedRefresh && read.HasExtendedMessage);
        Assert.Equal("leaf-1.example.net", read.HostName);
        Assert.Equal(restart.Families, read.GracefulRestart!.Families);
        Assert.Equal(restart with { Families = [] }, read.GracefulRestart with { Families = [] });
        Assert.True(read.GracefulRestart.Evpn!.Value.IsForwarding);
        Assert.Equal(sent.Capabilities, read.Capabilities);
    }

    [Fact]
    public void An_open_without_capabilities_has_none()
    {
        OpenMessage read = RoundTrip(new OpenMessage { As2 = 65001, HoldTime = TimeSpan.Zero, RouterId = 1 });
        Assert.Equal(65001u, read.As);
        Assert.False(read.HasEvpn || read.HasFourOctetAs || read.HasRouteRefresh || read.HasEnhancedRefresh || read.HasExtendedMessage);
        Assert.Null(read.GracefulRestart);
        Assert.Null(read.HostName);
    }

    /// <summary>Around the border where one octet no longer holds the length (RFC 9072).</summary>
    [Fact]
    public void Capabilities_of_any_length_come_back()
    {
        for (int padding = 0; padding <= 3000; padding = padding is >= 200 and < 300 ? padding + 1 : padding + 50)
        {
            ImmutableArray<BgpCapability>.Builder capabilities = ImmutableArray.CreateBuilder<BgpCapability>();
            capabilities.Add(BgpCapability.OfAs(65001));
            for (int rest = padding; rest > 0; rest -= 250)
            {
                capabilities.Add(new BgpCapability(200, new byte[Math.Min(rest, 250)]));
            }

            OpenMessage sent = OpenMessage.Create(65001, TimeSpan.FromSeconds(9), 1, capabilities.ToImmutable());
            Assert.Equal(sent.Capabilities, RoundTrip(sent).Capabilities);
        }
    }

    [Fact]
    public void Of_several_restart_capabilities_the_last_counts()
    {
        OpenMessage read = RoundTrip(OpenMessage.Create(
            65001,
            TimeSpan.FromSeconds(9),
            1,
            [new GracefulRestartCapability { RestartTime = TimeSpan.FromSeconds(1) }.ToCapability(), new GracefulRestartCapability { RestartTime = TimeSpan.FromSeconds(2) }.ToCapability()]));
        Assert.Equal(TimeSpan.FromSeconds(2), read.GracefulRestart!.RestartTime);
        Assert.Null(read.GracefulRestart.Evpn);
    }

    [Fact]
    public void A_host_name_cannot_reach_the_terminal_as_a_command()
    {
        BgpCapability capability = BgpCapability.OfFqdn("leaf\u001b[2J\u202e", "\r\n");
        Assert.DoesNotContain(capability.ToHostName()!, char.IsControl);
        Assert.DoesNotContain('\u202e', capability.ToHostName()!);
        Assert.Equal(64, BgpCapability.OfFqdn(new string('ä', 40)).Value.Span[0]);
        Assert.Equal(63, BgpCapability.OfFqdn("x" + new string('ä', 40)).Value.Span[0]);
    }

    [Fact]
    public void Capabilities_that_do_not_fit_a_message_are_a_programming_error()
    {
        ImmutableArray<BgpCapability> capabilities = [.. Enumerable.Range(0, 17).Select(static _ => new BgpCapability(200, new byte[255]))];
        Assert.Throws<InvalidOperationException>(() => Messages.Written(OpenMessage.Create(65001, TimeSpan.Zero, 1, capabilities).WriteTo));
    }

    private static OpenMessage RoundTrip(OpenMessage open)
    {
        (BgpMessageType type, byte[] body) = Assert.Single(Messages.Frame(Messages.Written(open.WriteTo)));
        Assert.Equal(BgpMessageType.Open, type);
        Assert.Null(OpenMessage.TryParse(body, out OpenMessage? read));
        return read!;
    }
}
