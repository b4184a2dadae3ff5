using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Options;
using static Overlay.Control.Evpn.Tests.Session.TestSpeaker;

namespace Overlay.Control.Evpn.Tests.Session;

public sealed class EstablishTests
{
    [Fact]
    public async Task Two_speakers_that_both_connect_have_one_session()
    {
        string a = NewAddress(), b = NewAddress();
        await using TestSpeaker first = Start(OptionsOf(a, sessions: Neighbor(b, a)));
        await using TestSpeaker second = Start(OptionsOf(b, sessions: Neighbor(a, b)));
        await first.Up(b);
        await second.Up(a);
        Assert.Equal("established", first.Row(b).State);
        Assert.Equal(["evpn", "as4", "route-refresh", "enhanced-route-refresh", "graceful-restart", "extended-message"], first.Row(b).Capabilities);
    }
}
