using System.Text;
using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Tests.Wire;

/// <summary>NOTIFICATION, its texts and its wrapping; ROUTE-REFRESH and KEEPALIVE.</summary>
public sealed class NotificationTests
{
    [Fact]
    public void An_error_comes_back_with_its_data()
    {
        var error = new BgpError(BgpErrorCode.Update, 9, new byte[] { 0x80, 14, 0 });
        NotificationMessage read = RoundTrip(error);
        Assert.Equal(error.Code, read.Error.Code);
        Assert.Equal(error.Subcode, read.Error.Subcode);
        Assert.Equal(error.Data.ToArray(), read.Error.Data.ToArray());
        Assert.False(read.IsHardReset);
        Assert.Null(read.Communication);
        Assert.Equal("3/9 an optional attribute of an UPDATE is malformed", read.ToText());
    }

    [Fact]
    public void A_shutdown_says_why()
    {
        NotificationMessage read = RoundTrip(NotificationMessage.Cease(NotificationMessage.AdministrativeShutdown, "maintenance until 04:00 — ask Åse"));
        Assert.Equal("maintenance until 04:00 — ask Åse", read.Communication);
        Assert.Equal("6/2 shut down by the operator: \"maintenance until 04:00 — ask Åse\"", read.ToText());
        Assert.Null(RoundTrip(NotificationMessage.Cease(NotificationMessage.AdministrativeShutdown)).Communication);
    }

    [Fact]
    public void A_long_text_is_cut_between_characters()
    {
        byte[] data = NotificationMessage.Cease(NotificationMessage.AdministrativeReset, "x" + new string('€', 100)).Data.ToArray();
        Assert.Equal(253, data[0]);
        Assert.Equal(data.Length - 1, data[0]);
        Assert.DoesNotContain('\uFFFD', Encoding.UTF8.GetString(data.AsSpan(1)));
    }

    [Theory]
    [InlineData("0602")]
    [InlineData("060200")]
    [InlineData("060205616263")]
    [InlineData("0602ff")]
    [InlineData("06")]
    [InlineData("")]
    [InlineData("0609")]
    [InlineData("060906")]
    public void What_is_not_whole_has_no_text_and_is_no_failure(string hex)
    {
        NotificationMessage read = NotificationMessage.Parse(Convert.FromHexString(hex));
        Assert.Null(read.Communication);
        Assert.NotEmpty(read.ToText());
    }

    [Fact]
    public void A_text_cannot_reach_the_terminal_as_a_command()
    {
        NotificationMessage read = NotificationMessage.Parse([6, 2, 6, 0x1b, (byte)'[', (byte)'2', 0xff, 0x0a, 0x07]);
        Assert.DoesNotContain(read.Communication!, char.IsControl);
    }

    [Fact]
    public void A_hard_reset_wraps_what_it_means()
    {
        BgpError inner = NotificationMessage.Cease(NotificationMessage.AdministrativeShutdown, "bye");
        NotificationMessage read = RoundTrip(NotificationMessage.HardReset(in inner));
        Assert.True(read.IsHardReset);
        Assert.Equal(BgpErrorCode.Cease, read.Meaning.Code);
        Assert.Equal(NotificationMessage.AdministrativeShutdown, read.Meaning.Subcode);
        Assert.Equal("bye", read.Communication);
        Assert.Equal("6/2 shut down by the operator: \"bye\" (hard reset)", read.ToText());
    }

    [Fact]
    public void Data_that_do_not_fit_a_message_are_cut()
    {
        byte[] message = Messages.Written(output => NotificationMessage.Write(output, new BgpError(BgpErrorCode.Update, 9, new byte[65000])));
        Assert.Equal(BgpHeader.MaxMessageLength, message.Length);
        Assert.Equal(BgpMessageType.Notification, Assert.Single(Messages.Frame(message)).Type);
        Assert.Equal(BgpErrors.MaxData, NotificationMessage.HardReset(new BgpError(BgpErrorCode.Update, 9, new byte[65000])).Data.Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_refresh_comes_back(byte subtype)
    {
        RouteRefreshMessage sent = RouteRefreshMessage.OfEvpn(subtype);
        byte[] octets = Messages.Written(sent.WriteTo);
        Assert.Equal($"ffffffffffffffffffffffffffffffff0017050019{subtype:x2}46", Convert.ToHexStringLower(octets));
        Assert.Null(RouteRefreshMessage.TryParse(Assert.Single(Messages.Frame(octets)).Body, out RouteRefreshMessage read));
        Assert.Equal(sent, read);
        Assert.True(read.IsEvpn);
    }

    [Fact]
    public void A_keepalive_is_a_header() =>
        Assert.Equal("ffffffffffffffffffffffffffffffff001304", Convert.ToHexStringLower(Messages.Written(KeepaliveMessage.Write)));

    private static NotificationMessage RoundTrip(BgpError error)
    {
        (BgpMessageType type, byte[] body) = Assert.Single(Messages.Frame(Messages.Written(output => NotificationMessage.Write(output, in error))));
        Assert.Equal(BgpMessageType.Notification, type);
        return NotificationMessage.Parse(body);
    }
}
