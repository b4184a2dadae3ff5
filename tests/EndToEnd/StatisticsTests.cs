using Overlay.EndToEnd.Reporting;
using Xunit;

namespace Overlay.EndToEnd.Tests;

public sealed class StatisticsTests
{
    [Theory]
    [InlineData(new double[] { 3 }, 3)]
    [InlineData(new double[] { 9, 1, 5 }, 5)]
    [InlineData(new double[] { 4, 1, 3, 2 }, 2.5)]
    public void The_median_is_the_middle_of_the_sorted_values(double[] values, double expected) => Assert.Equal(expected, Statistics.Median(values));

    [Fact]
    public void Nothing_has_no_median_and_no_percentile()
    {
        Assert.True(double.IsNaN(Statistics.Median([])));
        Assert.True(double.IsNaN(Statistics.Percentile([], 0.5)));
    }

    [Fact]
    public void A_percentile_is_a_value_that_so_many_lie_below()
    {
        List<double> values = [.. Enumerable.Range(0, 1000).Select(i => (double)(999 - i))];
        Assert.Equal(500, Statistics.Percentile(values, 0.5));
        Assert.Equal(990, Statistics.Percentile(values, 0.99));
        Assert.Equal(999, Statistics.Percentile(values, 1));
    }
}
