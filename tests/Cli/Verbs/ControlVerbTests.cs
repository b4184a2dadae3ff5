using Overlay.Cli.Tests.Kit;

namespace Overlay.Cli.Tests.Verbs;

/// <summary><c>control guard</c> and <c>control approve</c>.</summary>
public sealed class ControlVerbTests
{
    private const string Guard = """
        {"planes":[
          {"plane":"static","guarded":false,"entries":3,"held":0,"held_seconds":null,"left_seconds":null,"held_total":0,"given_again":0,"released":0,"approved":0},
          {"plane":"evpn","guarded":true,"entries":5000,"held":4100,"held_seconds":12,"left_seconds":18,"held_total":4100,"given_again":0,"released":0,"approved":0}]}
        """;

    [Fact]
    public async Task Guard_shows_what_is_held_and_how_to_let_it_go()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/control/guard", 200, Guard));
        Ctl ctl = await Ctl.RunAsync("control", "guard", "--socket", daemon.Socket);
        Assert.Equal(ExitCode.Ok, ctl.Code);
        Assert.StartsWith(
            """
            PLANE   GUARDED  ENTRIES  HELD  FOR  LEFT  HELD IN ALL  GIVEN AGAIN  APPROVED  RELEASED
            static  no             3     0    -     -            0            0         0         0
            evpn    yes         5000  4100  12s   18s         4100            0         0         0

            """,
            ctl.Out,
            StringComparison.Ordinal);
        Assert.Contains("4100 of 5000 entries of evpn were taken back at once and are held", ctl.Out, StringComparison.Ordinal);
        Assert.Contains("control approve --plane evpn", ctl.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Approve_names_a_plane_or_all_and_says_how_many_go()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(
            ("POST /v1/control/approve?plane=evpn", 200, "{\"approved\":4100}"),
            ("POST /v1/control/approve?all=true", 200, "{\"approved\":0}"));
        Ctl ctl = await Ctl.RunAsync("control", "approve", "--plane", "evpn", "--socket", daemon.Socket);
        Assert.Equal((ExitCode.Ok, "4100 held entries go now\n"), (ctl.Code, ctl.Out));
        ctl = await Ctl.RunAsync("control", "approve", "--all", "--socket", daemon.Socket);
        Assert.Equal((ExitCode.Ok, "nothing that was named is held\n"), (ctl.Code, ctl.Out));
    }
}
