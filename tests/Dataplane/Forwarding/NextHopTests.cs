using Overlay.Dataplane.Forwarding;
using Overlay.Encap;
using Overlay.Forwarding;
using Xunit;

namespace Overlay.Dataplane.Tests.Forwarding;

/// <summary>The path MTU of a next hop, and what is said of frames that were too long for it.</summary>
public sealed class NextHopTests
{
    [Theory]
    [InlineData("192.0.2.2", 28, 65_507)]
    [InlineData("2001:db8::2", 48, 65_527)]
    public void The_payload_that_fits_is_the_path_less_the_outer_headers_and_never_more_than_UDP_can_carry(string address, int outer, int most)
    {
        NextHop hop = Make(address);
        Assert.Equal((0, most), (hop.PathMtu, hop.PayloadLimit));
        hop.SetPathMtu(1400);
        Assert.Equal((1400, 1400 - outer), (hop.PathMtu, hop.PayloadLimit));
        hop.SetPathMtu(0);
        Assert.Equal((0, most), (hop.PathMtu, hop.PayloadLimit));
    }

    [Fact]
    public async Task Two_writers_never_leave_half_of_each()
    {
        NextHop hop = Make("192.0.2.2");
        for (int round = 0; round < 200; round++)
        {
            using Barrier start = new(2);
            await Task.WhenAll(Writer(1300), Writer(1400));
            Assert.Equal(hop.PathMtu, hop.PayloadLimit + 28);

            Task Writer(int mtu) => Task.Run(() =>
            {
                start.SignalAndWait();
                for (int i = 0; i < 500; i++)
                    hop.SetPathMtu(mtu);
            });
        }
    }

    [Fact]
    public void What_was_lost_without_a_word_is_told_of_for_a_minute()
    {
        NextHop hop = Make("192.0.2.2");
        Assert.Equal(0, hop.SilentLately);
        hop.CountTooBig(0, 10);
        hop.CountTold(0, 4);
        hop.CountSilent(0, 3);
        Assert.Equal((10, 4, 3, 3), (hop.TooBigFrames, hop.ToldFrames, hop.SilentFrames, hop.SilentLately));
        for (int i = 0; i < TooBigHistory.SampleCount - 1; i++)
        {
            hop.SampleTooBig();
            Assert.Equal(3, hop.SilentLately);
        }

        // A minute has passed since the sample before they were counted. That others are told hides nothing.
        hop.SampleTooBig();
        hop.CountTooBig(0, 1000);
        hop.CountTold(0, 1000);
        Assert.Equal(0, hop.SilentLately);
        hop.CountSilent(0, 1);
        Assert.Equal((4, 1), (hop.SilentFrames, hop.SilentLately));
    }

    [Fact]
    public void What_the_kernel_refuses_while_a_path_is_found_out_is_no_black_hole_unless_it_goes_on()
    {
        NextHop hop = Make("192.0.2.2");
        hop.CountRefused(0, 64);
        hop.SampleTooBig();
        hop.CountRefused(0, 2);
        hop.SampleTooBig();
        Assert.Equal((66, 66, 0), (hop.TooBigFrames, hop.RefusedFrames, hop.SilentLately));
        for (int i = 0; i < 3; i++)
        {
            hop.CountRefused(0, 1);
            hop.SampleTooBig();
        }

        Assert.Equal(69, hop.SilentLately);
        for (int i = 0; i < TooBigHistory.SampleCount; i++)
            hop.SampleTooBig();
        Assert.Equal(0, hop.SilentLately);
    }

    private static NextHop Make(string address)
    {
        NextHopSpec spec = new(new VtepId(0), UnderlayAddress.Parse(address), EncapKind.Vxlan, 4789, PolicyOptionMode.Advisory);
        return new NextHop(new NextHopId(0), new Vtep(new VtepId(0), "b"), in spec, []);
    }
}
