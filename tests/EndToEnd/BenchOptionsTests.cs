using Overlay.EndToEnd.Lab;
using Xunit;

namespace Overlay.EndToEnd.Tests;

public sealed class BenchOptionsTests
{
    private static readonly IReadOnlyList<IContender> Everybody = Contenders.All("overlayd");
    private static readonly string[] ContenderNames = [.. Everybody.Select(c => c.Name)];

    private static BenchOptions Parse(params string[] args) => BenchOptions.Parse(args, ContenderNames);

    [Fact]
    public void All_options_bind_with_a_blank_or_an_equals_sign()
    {
        var options = Parse("--rounds", "7", "--rows=tcp1,udp64", "--contenders", "kernel,overlayd-vxlan", "--wire=nic", "--quick", "--json", "a.json", "--md=b.md", "--overlayd", "/x");
        Assert.Null(options.Fault);
        Assert.Equal(7, options.Rounds);
        Assert.Equal([Row.Tcp1, Row.Udp64], options.Rows);
        Assert.Equal(["kernel", "overlayd-vxlan"], options.Contenders);
        Assert.Equal([Wire.Nic], options.Wires);
        Assert.True(options.Quick);
        Assert.Equal(("a.json", "b.md", "/x"), (options.Json, options.Markdown, options.Overlayd));
    }

    [Theory]
    [InlineData("--rounds", "0")]
    [InlineData("--rounds", "-1")]
    [InlineData("--rows", "tcp9")]
    [InlineData("--rows", "0")]
    [InlineData("--contenders", "nobody")]
    [InlineData("--wire", "glass")]
    [InlineData("--json")]
    [InlineData("--colour", "red")]
    [InlineData("veth", "nic")]
    public void What_is_wrong_is_a_fault_and_not_a_default(params string[] args) => Assert.NotNull(Parse(args).Fault);

    [Fact]
    public void A_whole_run_measures_everybody_against_the_kernel_under_equal_conditions()
    {
        var plan = Plan.Make(Everybody, new BenchOptions());
        Assert.Equal(ContenderNames.Order(), plan.Select(s => s.Contender.Name).Distinct().Order());
        foreach (var station in plan)
        {
            var kernel = Assert.Single(plan, s => s.Contender.Name == KernelVxlan.Baseline && s.Wire == station.Wire && s.Layout == station.Layout);
            Assert.Empty(station.Rows.Except(kernel.Rows));
        }
    }

    [Fact]
    public void Rows_and_contenders_that_are_both_named_are_all_measured()
    {
        var plan = Plan.Make(Everybody, Parse("--rows", "rtt,bridge", "--contenders", "overlayd-spin"));
        Assert.Equal([(Wire.Veth, Layout.Host), (Wire.Veth, Layout.Bridge), (Wire.Nic, Layout.Host), (Wire.Nic, Layout.Bridge)], plan.Select(s => (s.Wire, s.Layout)));
    }

    [Fact]
    public void Named_rows_are_measured_for_those_whom_they_say_something_about()
    {
        var plan = Plan.Make(Everybody, Parse("--rows", "rtt", "--wire", "nic"));
        Assert.Equal(["kernel", "overlayd-vxlan", "overlayd-spin", "ovs", "fastd"], plan.Select(s => s.Contender.Name));
    }

    [Fact]
    public void Every_other_round_runs_backwards()
    {
        var plan = Plan.Make(Everybody, new BenchOptions());
        Assert.Equal(plan, Plan.InOrder(plan, 1));
        Assert.Equal(plan.Reverse(), Plan.InOrder(plan, 2));
    }
}
