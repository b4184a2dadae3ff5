using Overlay.Encap.Probes;
using Xunit;

namespace Overlay.Encap.Tests.Probes;

public sealed class ProbeFrameTests
{
    private static readonly ProbeFrame Question = new(ProbeKind.Question, 0x0102030405060708, 0x1112131415161718);

    [Fact]
    public void A_frame_is_sixty_octets_as_the_page_has_them()
    {
        byte[] frame = new byte[ProbeFrame.Length];
        Array.Fill(frame, (byte)0xff);
        Question.WriteTo(frame);
        Assert.Equal(
            "0180c200000f" + "034f564c5000" + "88b5" + "4f564c50" + "01" + "01" + "0000" + "0102030405060708" + "1112131415161718" + new string('0', 44),
            Convert.ToHexStringLower(frame));
        Assert.True(ProbeFrame.TryRead(frame, out ProbeFrame read));
        Assert.Equal(Question, read);
    }

    [Fact]
    public void Any_octet_before_the_number_that_differs_makes_it_no_probe()
    {
        byte[] frame = new byte[ProbeFrame.Length];
        Question.WriteTo(frame);
        for (int i = 0; i < 20; i++)
        {
            byte was = frame[i];
            frame[i] ^= 0x40;
            Assert.False(ProbeFrame.TryRead(frame, out _), $"octet {i}");
            frame[i] = was;
        }

        for (int length = 0; length < ProbeFrame.Length; length++)
            Assert.False(ProbeFrame.TryRead(frame.AsSpan(0, length), out _));
    }

    [Fact]
    public void No_bridge_forwards_it_and_no_station_can_have_sent_it()
    {
        Assert.True(ProbeFrame.Destination.IsLinkLocalReserved);
        Assert.True(ProbeFrame.Source.IsMulticast);
    }
}
