using Overlay.Control.Tables;
using Overlay.Control.Tests.Support;
using Overlay.Encap;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

/// <summary>Sessions of planes: what is remembered of those that are gone.</summary>
public sealed class SourceTests
{
    [Fact]
    public void More_sessions_than_there_are_numbers_may_come_and_go()
    {
        var bench = new Bench();
        PlaneState plane = bench.Evpn;
        bench.Peer(plane, "b", "192.0.2.2");
        bench.Route(plane, 5000, "b", session: "stays");
        bench.Core.ReportConnected(plane, "stays", true);
        int number = 0;
        for (int round = 0; round < 67; round++)
        {
            for (int i = 0; i < 1000; i++)
            {
                string session = $"s{number++}";
                bench.Core.ReportConnected(plane, session, true);
                bench.Core.Upsert(plane, session, new MacRoute(new Vni(V), Mac(i), To("b")));
                bench.Core.ReportConnected(plane, session, false);
                plane.BeginResync(ResyncScope.OfSession(session));
                bench.Core.CompleteResync(plane, ResyncScope.OfSession(session), isMeant: true);
            }

            bench.Core.FinishWork();
            bench.Pass(TimeSpan.FromSeconds(1));
            Assert.Equal("stays", Assert.Single(plane.Sessions.Keys));
        }

        bench.Route(plane, 1, "b", session: "last");
        Assert.Equal(("b", "b"), (bench.Place(1), bench.Place(5000)));
    }

    [Fact]
    public void A_session_that_is_lost_and_left_something_is_not_forgotten()
    {
        var bench = new Bench();
        bench.Describe(bench.Evpn, Vtep("b", "192.0.2.2"), "describes");
        bench.Flood(bench.Evpn, "b");
        bench.Route(bench.Evpn, 1, "b", session: "routes");
        bench.Core.ReportConnected(bench.Evpn, "empty", true);
        foreach (string session in new[] { "describes", "routes" })
        {
            bench.Core.ReportConnected(bench.Evpn, session, true);
            bench.Core.ReportConnected(bench.Evpn, session, false);
        }

        bench.Pass(TimeSpan.FromMinutes(10));
        Assert.Equal(["describes", "empty", "routes"], bench.Evpn.Sessions.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("b", bench.Place(1));
    }
}
