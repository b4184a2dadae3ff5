using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Underlay;
using Xunit;

namespace Overlay.Dataplane.Tests.Underlay;

public sealed class SendErrorsTests
{
    [Theory]
    [InlineData(Errno.MessageTooLong, DropReason.TooBigSilent)]
    [InlineData(Errno.Perm, DropReason.UnderlaySendRefused)]
    [InlineData(Errno.Access, DropReason.UnderlaySendRefused)]
    [InlineData(Errno.Again, DropReason.SocketFull)]
    [InlineData(Errno.NoBuffers, DropReason.SocketFull)]
    [InlineData(Errno.NoMemory, DropReason.SocketFull)]
    [InlineData(Errno.ConnectionRefused, DropReason.UnderlayUnreachable)]
    [InlineData(Errno.Invalid, DropReason.UnderlayUnreachable)]
    [InlineData(int.MaxValue, DropReason.UnderlayUnreachable)]
    public void Each_refusal_of_the_kernel_has_its_reason(int errno, DropReason reason) => Assert.Equal(reason, SendErrors.Reason(-errno));

    [Theory]
    [InlineData(Errno.Again)]
    [InlineData(Errno.NoBuffers)]
    [InlineData(Errno.NoMemory)]
    [InlineData(Errno.Perm)]
    public void What_the_next_attempt_would_meet_again_is_not_tried_again(int errno) => Assert.Equal(0, SendErrors.Retries(-errno));

    [Fact]
    public void An_error_that_may_be_about_an_earlier_datagram_is_tried_again() => Assert.InRange(SendErrors.Retries(-Errno.ConnectionRefused), 1, 100);
}
