using System.Buffers;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Tests.BadMessages;

namespace Overlay.Control.Evpn.Tests.Wire;

/// <summary>Octets that nobody would send. Nothing throws, and what comes out keeps its promises. Seeded: a failure comes back.</summary>
public sealed class FuzzTests
{
    private const int Rounds = 40_000;

    private readonly UpdateDecoder[] _decoders = [new(true, false), new(true, true), new(false, false), new(false, true, 65002)];

    [Fact]
    public void Random_octets_are_answered()
    {
        var random = new Random(7606);
        byte[] octets = new byte[600];
        for (int round = 0; round < Rounds; round++)
        {
            int length = random.Next(octets.Length);
            random.NextBytes(octets.AsSpan(0, length));
            Feed(octets.AsSpan(0, length), round);
        }
    }

    [Fact]
    public void Messages_with_a_few_octets_changed_are_answered()
    {
        var random = new Random(4271);
        byte[][] seeds =
        [
            .. BadMessage.All.Where(static message => message.Octets.Length < 1000).Select(static message => message.Octets[BgpHeader.Length..]),
            .. Messages.EveryRoute.Select(static route => Messages.Update(Messages.Attributes(), route)[BgpHeader.Length..]),
        ];
        for (int round = 0; round < Rounds; round++)
        {
            byte[] octets = (byte[])seeds[random.Next(seeds.Length)].Clone();
            for (int change = random.Next(1, 5); change > 0 && octets.Length > 0; change--)
            {
                int at = random.Next(octets.Length);
                octets[at] = random.Next(3) switch
                {
                    0 => (byte)random.Next(256),
                    1 => (byte)(octets[at] + random.Next(-2, 3)),
                    _ => (byte)(octets[at] ^ (1 << random.Next(8))),
                };
            }

            Feed(octets.AsSpan(0, random.Next(4) == 0 ? random.Next(octets.Length + 1) : octets.Length), round);
        }
    }

    [Fact]
    public void Every_message_cut_anywhere_is_answered()
    {
        foreach (BadMessage message in BadMessage.All.Where(static message => message.Octets.Length < 300))
        {
            for (int length = 0; length <= message.Octets.Length - BgpHeader.Length; length++)
            {
                Feed(message.Octets.AsSpan(BgpHeader.Length, length), length);
            }
        }
    }

    [Fact]
    public void Random_streams_are_framed_or_refused()
    {
        var random = new Random(8654);
        byte[] octets = new byte[200];
        for (int round = 0; round < Rounds; round++)
        {
            random.NextBytes(octets);
            octets.AsSpan(0, random.Next(14, 17)).Fill(0xFF);
            octets[16] = (byte)random.Next(2);
            octets[18] = (byte)random.Next(8);
            var stream = new ReadOnlySequence<byte>(octets, 0, random.Next(octets.Length));
            long before = stream.Length;
            FrameStatus status = BgpFraming.TryRead(ref stream, random.Next(2) == 0 ? 4096 : 65535, out _, out ReadOnlySequence<byte> body, out BgpError error);
            Assert.Equal(status == FrameStatus.Ok ? before - body.Length - BgpHeader.Length : before, stream.Length);
            Assert.Equal(status == FrameStatus.Error, error.Code == BgpErrorCode.MessageHeader);
        }
    }

    private void Feed(ReadOnlySpan<byte> body, int round)
    {
        UpdateResult result = _decoders[round & 3].Decode(body);
        Assert.True(result.Reach.IsEmpty || body.Overlaps(result.Reach));
        Assert.True(result.Unreach.IsEmpty || body.Overlaps(result.Unreach));
        Assert.True(result.Reset is null || (result.Reach.IsEmpty && result.Unreach.IsEmpty && result.Attributes is null));
        Assert.Equal(!result.Reach.IsEmpty && !result.TreatAsWithdraw, result.Attributes is not null);
        Assert.False(result.DisablesFamily);
        foreach (EvpnNlri route in Messages.Read(result.Reach).Concat(Messages.Read(result.Unreach)))
        {
            // What was read can be written, and is then read as the same.
            byte[] written = new byte[EvpnNlriWriter.LengthOf(in route)];
            EvpnNlriWriter.Write(in route, written);
            Assert.Equal(route, Assert.Single(Messages.Read(written)));
        }

        if (result.Reset is BgpError error)
        {
            Assert.InRange(error.Data.Length, 0, BgpErrors.MaxData);
        }

        if (OpenMessage.TryParse(body, out OpenMessage? open) is null)
        {
            _ = open!.As + (open.HasEvpn ? 1u : 0u);
            _ = open.GracefulRestart?.Evpn;
            _ = open.HostName;
            Assert.Equal(open.Capabilities.Length, open.Capabilities.Select(static capability => capability.ToText()).Count());
        }

        _ = NotificationMessage.Parse(body).ToText();
        _ = RouteRefreshMessage.TryParse(body, out _);
        var reader = new EvpnNlriReader(body);
        while (reader.MoveNext(out _))
        {
        }
    }
}
