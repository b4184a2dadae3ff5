using Overlay.Dataplane.Storm;
using Overlay.Forwarding.Topology;
using Xunit;

namespace Overlay.Dataplane.Tests.Storm;

public sealed class StormMeterTests
{
    private const long Second = TimeSpan.TicksPerSecond;
    private const long Start = 1_000_000 * Second;

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    [InlineData(3333)]
    [InlineData(StormLimits.MaxRate)]
    public void A_rested_bucket_gives_a_second_of_its_rate_at_once_and_then_the_rate(int rate)
    {
        StormMeter meter = Meter(rate);
        Assert.InRange(Admitted(meter, rate * 2L, Start), rate, rate + (rate / 1000) + 1);
        int tenth = rate / 10;
        long passed = 0;
        for (int i = 1; i <= 30; i++)
            passed += Admitted(meter, rate, Start + (i * Second / 10));

        Assert.InRange(passed, (3L * rate) - 1 - tenth, (3L * rate) + (rate / 300) + 1);
    }

    [Fact]
    public void What_is_not_used_is_kept_for_a_second_and_no_longer()
    {
        StormMeter meter = Meter(100);
        Assert.Equal(100, Admitted(meter, 500, Start));
        Assert.Equal(50, Admitted(meter, 500, Start + (Second / 2)));
        Assert.Equal(100, Admitted(meter, 500, Start + (100 * Second)));
    }

    [Fact]
    public void Without_a_limit_everything_passes_and_is_counted_and_a_limit_of_zero_passes_nothing()
    {
        var meter = new StormMeter(1, Second);
        Assert.Equal(5000, Admitted(meter, 5000, Start));
        Assert.Equal((5000L, 0L), (meter.Passed(StormClass.Broadcast), meter.Dropped(StormClass.Broadcast)));
        meter.SetLimits(new StormLimits(0, null, null));
        Assert.Equal(0, Admitted(meter, 10, Start + (10 * Second)));
        Assert.Equal((5000L, 10L), (meter.Passed(StormClass.Broadcast), meter.Dropped(StormClass.Broadcast)));
    }

    [Fact]
    public void Each_class_has_a_bucket_of_its_own()
    {
        var meter = new StormMeter(1, Second);
        meter.SetLimits(new StormLimits(2, 3, 4));
        foreach ((StormClass kind, int rate) in new[] { (StormClass.Broadcast, 2), (StormClass.UnknownUnicast, 3), (StormClass.Multicast, 4) })
        {
            Assert.Equal(rate, meter.LimitOf(kind));
            Assert.Equal(rate, Enumerable.Range(0, 10).Count(_ => meter.TryAdmit(0, kind, 1, Start)));
        }
    }

    [Fact]
    public void A_super_frame_passes_whole_and_leaves_a_debt_that_is_paid_before_the_next()
    {
        StormMeter meter = Meter(10);
        Assert.True(meter.TryAdmit(0, StormClass.Broadcast, 40, Start));
        Assert.False(meter.TryAdmit(0, StormClass.Broadcast, 1, Start + (3 * Second)));
        Assert.True(meter.TryAdmit(0, StormClass.Broadcast, 1, Start + (4 * Second)));
        Assert.Equal((41L, 1L), (meter.Passed(StormClass.Broadcast), meter.Dropped(StormClass.Broadcast)));
    }

    [Fact]
    public void A_new_limit_holds_from_the_next_frame_on_and_counts_go_on()
    {
        StormMeter meter = Meter(100);
        Assert.Equal(100, Admitted(meter, 200, Start));
        meter.SetLimits(new StormLimits(1000, null, null));
        Assert.Equal(500, Admitted(meter, 1000, Start + (Second / 2)));
        meter.SetLimits(StormLimits.None);
        Assert.Equal(1000, Admitted(meter, 1000, Start + (Second / 2)));
        Assert.Equal((1600L, 600L), (meter.Passed(StormClass.Broadcast), meter.Dropped(StormClass.Broadcast)));
    }

    [Fact]
    public void A_storm_is_counted_once_however_long_and_again_after_a_second_of_peace()
    {
        StormMeter meter = Meter(10);
        Assert.Null(meter.LastDrop(StormClass.Broadcast));
        for (int i = 0; i < 50; i++)
            Admitted(meter, 100, Start + (i * Second / 10));

        Assert.Equal((1L, Start + (49 * Second / 10)), (meter.Storms(StormClass.Broadcast), meter.LastDrop(StormClass.Broadcast)));
        Admitted(meter, 100, Start + (20 * Second));
        Assert.Equal(2, meter.Storms(StormClass.Broadcast));
    }

    [Fact]
    public async Task Workers_share_a_bucket_to_the_frame()
    {
        const int Workers = 4;
        var meter = new StormMeter(Workers, Second);
        meter.SetLimits(new StormLimits(1000, null, null));
        long[] passed = await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(() => Admitted(meter, 5000, Start, worker))));
        Assert.Equal(1000, passed.Sum());
        Assert.Equal((1000L, 19_000L), (meter.Passed(StormClass.Broadcast), meter.Dropped(StormClass.Broadcast)));
    }

    private static StormMeter Meter(int rate)
    {
        var meter = new StormMeter(1, Second);
        meter.SetLimits(new StormLimits(rate, null, null));
        return meter;
    }

    private static long Admitted(StormMeter meter, long frames, long now, int worker = 0)
    {
        long passed = 0;
        for (long i = 0; i < frames; i++)
            passed += meter.TryAdmit(worker, StormClass.Broadcast, 1, now) ? 1 : 0;

        return passed;
    }
}
