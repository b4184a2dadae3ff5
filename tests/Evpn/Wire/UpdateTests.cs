using System.Buffers;
using System.Collections.Immutable;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Tests.Wire;

/// <summary>UPDATEs that we write, read back; what the writer promises of packing and the decoder of objects and allocation.</summary>
public sealed class UpdateTests
{
    [Theory]
    [InlineData(4096)]
    [InlineData(65535)]
    public void Routes_are_packed_into_as_few_messages_as_fit(int maxLength)
    {
        PathAttributes attributes = Messages.Attributes();
        var output = new ArrayBufferWriter<byte>();
        var writer = new UpdateWriter(output, maxLength);
        writer.Begin(attributes);
        EvpnNlri[] routes = [.. Enumerable.Range(0, 5000).Select(static i => Messages.Mac(0x020000000000UL + (ulong)i))];
        foreach (EvpnNlri route in routes)
        {
            writer.Add(in route);
        }

        writer.End();
        List<(BgpMessageType Type, byte[] Body)> messages = Messages.Frame(output.WrittenSpan.ToArray(), maxLength);
        Assert.Equal(messages.Count, writer.Messages);
        Assert.Equal(routes.Length, writer.Routes);
        var decoder = new UpdateDecoder(fourOctetAs: true, isInternal: false);
        List<EvpnNlri> read = [];
        PathAttributes? first = null;
        foreach ((BgpMessageType type, byte[] body) in messages)
        {
            Assert.Equal(BgpMessageType.Update, type);
            UpdateResult result = decoder.Decode(body);
            Assert.True(result.Faults.IsEmpty);
            Assert.Null(result.Reset);
            first ??= result.Attributes;
            Assert.Same(first, result.Attributes);
            read.AddRange(Messages.Read(result.Reach));

            // RFC 7606 §5.1: MP_REACH_NLRI is the first attribute.
            Assert.Equal(14, body[5]);
        }

        Assert.Equal(routes, read);
        Assert.Equal(attributes, first);
        Assert.All(messages.SkipLast(1), message => Assert.InRange(message.Body.Length + BgpHeader.Length, maxLength - 35 + 1, maxLength));
    }

    /// <summary>Attributes of every length, so that the last route of a message ends at, before and behind its end.</summary>
    [Fact]
    public void A_message_is_filled_to_its_last_octet_and_no_further()
    {
        PathAttributes plain = Messages.Attributes();
        HashSet<int> lengths = [];
        for (int padding = 0; padding < 35; padding++)
        {
            var attributes = new PathAttributes { NextHop = plain.NextHop, Raw = (byte[])[.. plain.Raw.Span, 0xC0, 200, (byte)padding, .. new byte[padding]] };
            byte[] octets = Messages.Update(attributes, [.. Enumerable.Range(0, 200).Select(static i => Messages.Mac((ulong)i))]);
            int first = Messages.Frame(octets)[0].Body.Length + BgpHeader.Length;
            Assert.InRange(first, BgpHeader.MaxMessageLength - 34, BgpHeader.MaxMessageLength);
            lengths.Add(first);
        }

        Assert.Equal(35, lengths.Count);
    }

    [Fact]
    public void Withdrawn_routes_carry_no_attributes()
    {
        byte[] octets = Messages.Written(output =>
        {
            var writer = new UpdateWriter(output, 4096);
            writer.BeginWithdraw();
            foreach (EvpnNlri route in Messages.EveryRoute)
            {
                writer.Add(in route);
            }

            writer.End();
        });
        UpdateResult result = new UpdateDecoder(true, false).Decode(Assert.Single(Messages.Frame(octets)).Body);
        Assert.Equal(Messages.EveryRoute, Messages.Read(result.Unreach));
        Assert.True(result.Reach.IsEmpty);
        Assert.Null(result.Attributes);
        Assert.False(result.IsEndOfRib);
        Assert.True(result.Faults.IsEmpty);
    }

    [Fact]
    public void Nothing_begun_and_nothing_added_write_nothing()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new UpdateWriter(output, 4096);
        Assert.Throws<InvalidOperationException>(() => writer.Add(Messages.Mac(1)));
        writer.End();
        writer.BeginWithdraw();
        writer.Begin(Messages.Attributes());
        writer.End();
        Assert.Equal(0, output.WrittenCount);
    }

    [Fact]
    public void A_withdrawal_is_ended_by_what_begins_after_it()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new UpdateWriter(output, 4096);
        writer.BeginWithdraw();
        writer.Add(Messages.Mac(1));
        writer.Begin(Messages.Attributes());
        writer.Add(Messages.Mac(2));
        writer.BeginWithdraw();
        writer.Add(Messages.Mac(3));
        writer.End();
        var decoder = new UpdateDecoder(true, false);
        List<string> read = [];
        foreach ((_, byte[] body) in Messages.Frame(output.WrittenSpan.ToArray()))
        {
            UpdateResult result = decoder.Decode(body);
            read.Add(result.Reach.Length > 0 ? $"+{Messages.Read(result.Reach)[0].Mac.Value}" : $"-{Messages.Read(result.Unreach)[0].Mac.Value}");
        }

        Assert.Equal(["-1", "+2", "-3"], read);
    }

    [Fact]
    public void Attributes_that_leave_no_room_are_a_programming_error()
    {
        PathAttributes attributes = new PathAttributesBuilder { NextHop = Messages.Vtep6, Communities = [.. Enumerable.Range(0, 1001).Select(static i => (uint)i)] }.Build();
        var writer = new UpdateWriter(new ArrayBufferWriter<byte>(), 4096);
        Assert.Throws<ArgumentException>(() => writer.Begin(attributes));
    }

    [Fact]
    public void End_of_rib_is_29_octets()
    {
        byte[] octets = Messages.Written(UpdateWriter.WriteEndOfRib);
        Assert.Equal("ffffffffffffffffffffffffffffffff001d0200000006800f03001946", Convert.ToHexStringLower(octets));
        Assert.True(new UpdateDecoder(true, false).Decode(octets.AsSpan(BgpHeader.Length)).IsEndOfRib);
    }

    public static TheoryData<string> EndsOfRibThatAreNot() =>
    [
        "00000000",
        "000000094001010080 0f03001946".Replace(" ", string.Empty, StringComparison.Ordinal),
        "00020800000006800f03001946",
        "00000006800f0300194108",
    ];

    [Theory]
    [MemberData(nameof(EndsOfRibThatAreNot))]
    public void Only_an_empty_withdrawal_alone_is_end_of_rib(string body) => Assert.False(new UpdateDecoder(true, false).Decode(Convert.FromHexString(body)).IsEndOfRib);

    [Fact]
    public void Attributes_are_read_as_they_were_built()
    {
        var builder = new PathAttributesBuilder
        {
            NextHop = Messages.Vtep6,
            Origin = BgpOrigin.Incomplete,
            AsPath = [new AsSegment(2, [65002, 4_200_000_001])],
            Med = 7,
            LocalPreference = 200,
            Communities = [0xFFFFFF01],
            ExtendedCommunities = [.. Enumerable.Range(0, 40).Select(static i => ExtendedCommunity.RouteTargetOfAs2(65001, (uint)i))],
            Pmsi = new PmsiTunnel(0, PmsiTunnel.IngressReplication, 0xABCDEF, Messages.Vtep6),
        };
        PathAttributes built = builder.Build();
        byte[] body = Assert.Single(Messages.Frame(Messages.Update(built, Messages.EveryRoute[8]))).Body;
        UpdateResult result = new UpdateDecoder(true, true).Decode(body);
        PathAttributes read = result.Attributes!;
        Assert.True(result.Faults.IsEmpty);
        Assert.Equal(built, read);
        Assert.Equal(built.GetHashCode(), read.GetHashCode());
        Assert.Equal(built.Raw.ToArray(), read.Raw.ToArray());
        Assert.Equal(BgpOrigin.Incomplete, read.Origin);
        Assert.Equal("65002 4200000001", AsPathText.Format(read.AsPath));
        Assert.Equal(7u, read.Med);
        Assert.Equal(200u, read.LocalPreference);
        Assert.Equal(builder.Communities, read.Communities);
        Assert.Equal(builder.ExtendedCommunities, read.ExtendedCommunities);
        Assert.Equal(builder.Pmsi, read.Pmsi);
        Assert.Equal(Messages.Vtep6, read.NextHop);
        Assert.Equal(built, PathAttributesBuilder.From(read).Build());
    }

    [Fact]
    public void An_AS_is_prepended_to_the_sequence_in_front_or_gets_one_of_its_own()
    {
        PathAttributesBuilder empty = new() { NextHop = Messages.Vtep4 };
        Assert.Equal("65001", AsPathText.Format(empty.WithPrepended(65001).Build().AsPath));
        Assert.Equal("1 2", AsPathText.Format(empty.WithPrepended(2).WithPrepended(1).AsPath));
        Assert.Single(empty.WithPrepended(2).WithPrepended(1).AsPath);
        PathAttributesBuilder set = empty with { AsPath = [new AsSegment(1, [7, 8])] };
        Assert.Equal("1 {7,8}", AsPathText.Format(set.WithPrepended(1).AsPath));
        PathAttributesBuilder full = empty with { AsPath = [new AsSegment(2, [.. Enumerable.Repeat(9u, 255)])] };
        Assert.Equal([1, 255], full.WithPrepended(1).AsPath.Select(static segment => segment.Numbers.Length));
    }

    [Theory]
    [InlineData(65002u, 65003u)]
    [InlineData(4_200_000_001u, 65003u)]
    [InlineData(65002u, 4_200_000_001u)]
    public void A_peer_with_two_octets_gets_the_path_all_the_same(uint first, uint second)
    {
        PathAttributes attributes = new PathAttributesBuilder
        {
            NextHop = Messages.Vtep4,
            AsPath = [new AsSegment(2, [first, second])],
            ExtendedCommunities = [ExtendedCommunity.Encapsulation(8)],
            Pmsi = new PmsiTunnel(0, 6, 100, Messages.Vtep4),
        }.Build();
        byte[] octets = Messages.Written(output =>
        {
            var writer = new UpdateWriter(output, 4096, fourOctetAs: false);
            writer.Begin(attributes);
            writer.Add(Messages.Mac(1));
            writer.End();
        });
        UpdateResult result = new UpdateDecoder(fourOctetAs: false, isInternal: false).Decode(Assert.Single(Messages.Frame(octets)).Body);
        Assert.True(result.Faults.IsEmpty, result.Faults.ToString());
        Assert.Equal($"{first} {second}", AsPathText.Format(result.Attributes!.AsPath));
        Assert.Equal(attributes.Pmsi, result.Attributes.Pmsi);
    }

    [Theory]
    [InlineData("c00706fdeac0000202" + "c0120800fa56eac0000202", "65002")]
    [InlineData("c007065ba0c0000202" + "c0120800fa56eac0000202", "4200000001")]
    [InlineData("c00706fdeac0000202", "4200000001")]
    public void An_aggregator_that_knows_no_AS4_attributes_makes_them_stale(string aggregators, string expected)
    {
        byte[] list = Convert.FromHexString("40010100" + "4002040201fdea" + aggregators + "c011060201fa56ea01");
        AttributeSet set = new AttributeReader(fourOctetAs: false, isInternal: false, 0).Read(list, default);
        Assert.True(set.Faults.IsEmpty);
        Assert.Equal(expected, AsPathText.Format(set.Attributes!.AsPath));
    }

    /// <summary>The example of a path that two-octet speakers prepended to, and the cases of RFC 6793 §4.2.3 around it.</summary>
    [Theory]
    [InlineData("65003 23456 23456", "4200000001 4200000002", "65003 4200000001 4200000002")]
    [InlineData("23456", "4200000001", "4200000001")]
    [InlineData("65003", "4200000001 4200000002", "65003")]
    [InlineData("65003 65004", "65004", "65003 65004")]
    public void AS4_PATH_replaces_the_end_of_AS_PATH(string path, string path4, string expected) =>
        Assert.Equal(expected, AsPathText.Format(AsPathReader.Merge(Sequence(path), Sequence(path4))));

    [Fact]
    public void Merging_counts_a_set_as_one_and_confederations_as_none()
    {
        ImmutableArray<AsSegment> path = [new(3, [65100]), new(2, [65003]), new(1, [1, 2]), new(2, [23456])];
        Assert.Equal("(65100) 65003 {1,2} 4200000001", AsPathText.Format(AsPathReader.Merge(path, Sequence("4200000001"))));
        Assert.Equal("(65100) 65003 {7,8} 4200000001", AsPathText.Format(AsPathReader.Merge(path, [new(1, [7, 8]), new(2, [4_200_000_001])])));
    }

    [Fact]
    public void A_path_that_does_not_begin_with_the_peer_is_withdrawn_where_that_is_asked()
    {
        byte[] body = Assert.Single(Messages.Frame(Messages.Update(Messages.Attributes(), Messages.Mac(1)))).Body;
        Assert.False(new UpdateDecoder(true, false).Decode(body).TreatAsWithdraw);
        Assert.False(new UpdateDecoder(true, false, 65002).Decode(body).TreatAsWithdraw);
        UpdateResult result = new UpdateDecoder(true, false, 65003).Decode(body);
        Assert.True(result.TreatAsWithdraw);
        Assert.True(result.Faults.Contains(UpdateFault.FirstAs));
        Assert.Null(result.Attributes);
    }

    [Fact]
    public void Other_attributes_or_another_next_hop_give_another_object()
    {
        var decoder = new UpdateDecoder(true, false);
        PathAttributes attributes = Messages.Attributes();
        PathAttributes first = Decode(decoder, attributes);
        Assert.Same(first, Decode(decoder, attributes));
        PathAttributes elsewhere = Decode(decoder, (PathAttributesBuilder.From(attributes) with { NextHop = Messages.Vtep6 }).Build());
        Assert.NotEqual(first, elsewhere);
        Assert.Equal(Messages.Vtep6, elsewhere.NextHop);
        PathAttributes other = Decode(decoder, Messages.Attributes(communities: 1));
        Assert.NotEqual(first, other);
        Assert.Equal(first, Decode(decoder, attributes));
    }

    [Fact]
    public void Attributes_that_alternate_allocate_nothing()
    {
        byte[][] bodies = [.. Enumerable.Range(0, 3).Select(static n => Assert.Single(Messages.Frame(Messages.Update(Messages.Attributes(communities: n), Messages.Mac(1)))).Body)];
        var decoder = new UpdateDecoder(true, false);
        Assert.Equal(0, Allocation.Least(() =>
        {
            foreach (byte[] body in bodies)
            {
                _ = decoder.Decode(body);
            }
        }));
    }

    [Fact]
    public void What_is_discarded_is_not_kept()
    {
        // LOCAL_PREF between two that stay.
        PathAttributes built = new PathAttributesBuilder { NextHop = Messages.Vtep4, AsPath = [new AsSegment(2, [65002])], LocalPreference = 1, Communities = [5] }.Build();
        PathAttributes read = Decode(new UpdateDecoder(true, false), built);
        Assert.Null(read.LocalPreference);
        Assert.Equal([5u], read.Communities);
        Assert.Equal((PathAttributesBuilder.From(built) with { LocalPreference = null }).Build().Raw.ToArray(), read.Raw.ToArray());
    }

    [Fact]
    public void Packed_routes_of_repeated_attributes_allocate_nothing()
    {
        byte[] body = Assert.Single(Messages.Frame(Messages.Update(Messages.Attributes(), [.. Enumerable.Range(0, 100).Select(static i => Messages.Mac((ulong)i))]))).Body;
        var decoder = new UpdateDecoder(true, false);
        int routes = 0;
        Assert.Equal(0, Allocation.Least(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                UpdateResult result = decoder.Decode(body);
                var reader = new EvpnNlriReader(result.Reach);
                while (reader.MoveNext(out _))
                {
                    routes++;
                }
            }
        }));
        Assert.Equal(0, routes % 10_000);
        Assert.True(routes > 0);
    }

    [Fact]
    public void Writing_routes_allocates_nothing()
    {
        var output = new ArrayBufferWriter<byte>(1 << 20);
        var writer = new UpdateWriter(output, 4096);
        PathAttributes attributes = Messages.Attributes();
        EvpnNlri route = Messages.Mac(1);
        Assert.Equal(0, Allocation.Least(() =>
        {
            output.ResetWrittenCount();
            writer.Begin(attributes);
            for (int i = 0; i < 10_000; i++)
            {
                writer.Add(in route);
            }

            writer.End();
        }));
    }

    private static PathAttributes Decode(UpdateDecoder decoder, PathAttributes attributes) =>
        decoder.Decode(Assert.Single(Messages.Frame(Messages.Update(attributes, Messages.Mac(1)))).Body).Attributes!;

    private static ImmutableArray<AsSegment> Sequence(string numbers) => [new AsSegment(2, [.. numbers.Split(' ').Select(uint.Parse)])];
}
