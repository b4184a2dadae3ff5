using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Restart;

/// <summary>A daemon that is restarted by a supervisor with a descriptor store loses nothing, in neither direction.</summary>
public sealed class PlannedRestartTests(ITestOutputHelper output)
{
    private const int Rate = 10_000;

    // overlayd as it is shipped is compiled ahead; as it is built beside the tests it compiles while frames wait.
    private static readonly TimeSpan MostGap = TimeSpan.FromMilliseconds(Environment.GetEnvironmentVariable("OVERLAY_TEST_OVERLAYD") is null ? 2500 : 500);

    [Theory]
    [InlineData("vxlan", "ipv4", 200_000, 20)]
    [InlineData("vxlan", "ipv6", 40_000, 2)]
    [InlineData("geneve", "ipv4", 40_000, 2)]
    [InlineData("geneve", "ipv6", 40_000, 2)]
    public void Restarts_lose_no_frame_at_ten_thousand_a_second_each_way(string encap, string family, int frames, int restarts)
    {
        // Root of a user namespace gets receive buffers as long as the host allows everybody, which is too short for this rate.
        Requires.HostRoot("receive buffers");

        // No frame may be lost, ever. How long nobody reads is up to the machine too: it is measured again, twice at most, and judged where the machine is quiet.
        for (var turn = 1; ; turn++)
        {
            var gap = Run(encap, family, turn == 1 ? frames : 30_000, turn == 1 ? restarts : 2);
            if (gap <= MostGap) return;
            output.WriteLine($"turn {turn}: {gap.TotalMilliseconds:0} ms; {Machine.Report()}");
            if (!Machine.WaitForQuiet(TimeSpan.FromSeconds(5))) throw new SkipTestException($"no frame was lost; the gap of {gap.TotalMilliseconds:0} ms is not judged, because others use the machine: {Machine.Report()}");
            Assert.True(turn < 3, $"a gap of {gap.TotalMilliseconds:0} ms; {Machine.Report()}");
        }
    }

    private TimeSpan Run(string encap, string family, int frames, int restarts)
    {
        using var lab = new RestartLab(encap, family).Start();
        lab.Learn();
        lab.A.WaitStored(4);
        using var toB = new SteadyFlow(lab.TenantA, lab.TenantB, RestartLab.MacA, RestartLab.MacB, Rate, frames);
        using var toA = new SteadyFlow(lab.TenantB, lab.TenantA, RestartLab.MacB, RestartLab.MacA, Rate, frames);
        for (var i = 1; i <= restarts; i++)
        {
            toB.RunTo(i * frames / (restarts + 1));
            lab.A.Restart();
            lab.A.WaitReady();
        }

        var (b, a) = (toB.Finish(), toA.Finish());
        var gap = b.Gap > a.Gap ? b.Gap : a.Gap;
        output.WriteLine($"{encap} over {family}: largest gap of {restarts} restarts {b.Gap.TotalMilliseconds:0} ms to the wire, {a.Gap.TotalMilliseconds:0} ms from it; queues full {toB.Refused} and {toA.Refused} times; {Machine.Report()}");
        Assert.True(b is { Lost: 0, Twice: 0 } && a is { Lost: 0, Twice: 0 }, $"lost {b.Lost} to the wire, {a.Lost} from it; twice {b.Twice}, {a.Twice}; {Machine.Report()}\n{lab.A.Log}");
        Assert.DoesNotContain("not used", lab.A.Log, StringComparison.Ordinal);
        return gap;
    }
}
