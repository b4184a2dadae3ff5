using Overlay.Dataplane.Storm;
using Overlay.Encap;
using Overlay.TestKit.InMemory;
using Xunit;

namespace Overlay.Dataplane.Tests.Storm;

public sealed class LoopGuardTests
{
    private const long Second = TimeSpan.TicksPerSecond;
    private static readonly byte[] Frame = Frames.Opaque(MacAddress.Broadcast, MacAddress.Parse("02:00:00:00:00:0a"));
    private readonly LoopGuard _guard = new(Second);

    [Fact]
    public void A_frame_passes_again_and_again_from_where_it_came_and_not_from_elsewhere()
    {
        Assert.True(_guard.TryAdmit(Frame, 1, Second));
        Assert.True(_guard.TryAdmit(Frame, 1, Second + (Second / 2)));
        Assert.False(_guard.TryAdmit(Frame, 2, Second + (Second / 2)));

        // The clock of another worker's batch is a little behind.
        Assert.False(_guard.TryAdmit(Frame, 2, Second));
    }

    [Fact]
    public void After_a_second_a_frame_may_come_another_way()
    {
        Assert.True(_guard.TryAdmit(Frame, 1, Second));
        Assert.True(_guard.TryAdmit(Frame, 2, (2 * Second) + (Second / 16)));
        Assert.False(_guard.TryAdmit(Frame, 1, (2 * Second) + (Second / 8)));
    }

    [Fact]
    public void What_a_port_sent_is_not_taken_back_from_the_underlay_and_the_port_may_send_it_again()
    {
        _guard.Note(Frame, Second);
        Assert.False(_guard.TryAdmit(Frame, 1, Second));
        _guard.Note(Frame, Second);
        Assert.False(_guard.TryAdmit(Frame, 2, Second));
    }

    [Fact]
    public void Frames_that_differ_in_any_octet_or_in_length_are_different()
    {
        Assert.True(_guard.TryAdmit(Frame, 1, Second));
        for (int i = 0; i < Frame.Length; i++)
        {
            byte[] other = [.. Frame];
            other[i] ^= 0x10;
            Assert.True(_guard.TryAdmit(other, 2, Second));
        }

        Assert.True(_guard.TryAdmit(Frame.AsSpan(0, Frame.Length - 1), 2, Second));
        Assert.True(_guard.TryAdmit(Frame.AsSpan(0, 14), 2, Second));
    }

    [Fact]
    public void An_address_is_one_source_and_never_a_port()
    {
        uint one = LoopGuard.SourceOf(UnderlayAddress.Parse("192.0.2.9"));
        Assert.Equal(one, LoopGuard.SourceOf(UnderlayAddress.Parse("192.0.2.9")));
        Assert.NotEqual(one, LoopGuard.SourceOf(UnderlayAddress.Parse("192.0.2.10")));
        Assert.NotEqual(LoopGuard.FromPort, LoopGuard.SourceOf(default));
    }
}
