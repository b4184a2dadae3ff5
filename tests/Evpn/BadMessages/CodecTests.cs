using System.Buffers;
using System.Globalization;
using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Tests.BadMessages;

/// <summary>Every case that octets alone decide. Those of the session and of the routes must at least pass the codec.</summary>
public sealed class CodecTests
{
    public static TheoryData<string> Names() => [.. BadMessage.All.Select(static message => message.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_bad_message_has_the_outcome_that_the_list_names(string name)
    {
        BadMessage message = BadMessage.All.Single(each => each.Name == name);
        string expected = message.Level == "codec" ? message.Expected : "accept";
        Outcome outcome = Run(message, firstAs: 0);
        Assert.Equal(expected, outcome.Text);

        // A session that checks the first AS of the path answers no differently: every path here begins with the peer, or is wrong already.
        Assert.Equal(outcome, Run(message, firstAs: 65002));
        if (message.Level == "codec" && message.Data != "-")
        {
            Assert.Equal(message.Data, outcome.Data);
        }

        if (!expected.StartsWith("reset", StringComparison.Ordinal))
        {
            Assert.Equal(Sorted(message.Faults), Sorted(outcome.Faults.IsEmpty ? "-" : outcome.Faults.ToString()));
            Assert.Equal(message.Reach, outcome.Reach);
            Assert.Equal(message.Unreach, outcome.Unreach);
            Assert.Equal(name is "end-of-rib" or "end-of-rib-extended", outcome.IsEndOfRib);
        }
    }

    [Fact]
    public void The_list_is_long_enough_and_names_no_case_twice()
    {
        Assert.True(BadMessage.All.Count >= 150);
        Assert.Equal(BadMessage.All.Count, BadMessage.All.DistinctBy(static message => message.Name).Count());
    }

    private static string[] Sorted(string faults) => [.. faults.Split(',').Order(StringComparer.Ordinal)];

    private static Outcome Run(BadMessage message, uint firstAs)
    {
        var stream = new ReadOnlySequence<byte>(message.Octets);
        FrameStatus status = BgpFraming.TryRead(ref stream, message.MaxLength, out BgpMessageType type, out ReadOnlySequence<byte> body, out BgpError error);
        Assert.NotEqual(FrameStatus.NeedMore, status);
        if (status == FrameStatus.Error)
        {
            return Outcome.Of(error);
        }

        Assert.Equal(0, stream.Length);
        switch (type)
        {
            case BgpMessageType.Open:
                return Outcome.Of(OpenMessage.TryParse(body.ToArray(), out _));
            case BgpMessageType.RouteRefresh:
                return Outcome.Of(RouteRefreshMessage.TryParse(body.ToArray(), out _));
            case BgpMessageType.Update:
                UpdateResult result = new UpdateDecoder(message.IsFourOctetAs, message.IsInternal, firstAs).Decode(body.ToArray());
                return Outcome.Of(result);
            default:
                return Outcome.Of(null);
        }
    }

    private sealed record Outcome(string Text, string Data = "", UpdateFaults Faults = default, int Reach = 0, int Unreach = 0, bool IsEndOfRib = false)
    {
        private static readonly UpdateFault[] Discards =
        [
            UpdateFault.DuplicateAttribute, UpdateFault.AtomicAggregate, UpdateFault.Aggregator, UpdateFault.InternalAttribute, UpdateFault.As4Path, UpdateFault.As4Aggregator,
        ];

        private static readonly UpdateFault[] Skips =
        [
            UpdateFault.UnknownRouteType, UpdateFault.RouteLength, UpdateFault.MacLength, UpdateFault.AddressLength, UpdateFault.PrefixLength, UpdateFault.MappedAddress,
        ];

        public static Outcome Of(BgpError? error) => error is BgpError there
            ? new(string.Create(CultureInfo.InvariantCulture, $"reset {(byte)there.Code}/{there.Subcode}"), Convert.ToHexStringLower(there.Data.Span))
            : new("accept");

        public static Outcome Of(UpdateResult result)
        {
            if (result.Reset is BgpError error)
            {
                Assert.True(result.Reach.IsEmpty);
                Assert.True(result.Unreach.IsEmpty);
                Assert.Null(result.Attributes);
                return Of(error);
            }

            UpdateFaults faults = result.Faults;
            int reach = Count(result.Reach);
            Assert.Equal(result.Reach.Length > 0 && !result.TreatAsWithdraw, result.Attributes is not null);
            string text = result.TreatAsWithdraw ? "treat-as-withdraw"
                : Discards.Any(fault => faults.Contains(fault)) ? "attribute-discard"
                : Skips.Any(fault => faults.Contains(fault)) ? "skip-nlri"
                : "accept";
            return new Outcome(text, string.Empty, faults, reach, Count(result.Unreach), result.IsEndOfRib);
        }

        private static int Count(ReadOnlySpan<byte> routes)
        {
            var reader = new EvpnNlriReader(routes);
            int count = 0;
            while (reader.MoveNext(out _))
            {
                count++;
            }

            Assert.False(reader.IsMalformed);
            return count;
        }
    }
}
