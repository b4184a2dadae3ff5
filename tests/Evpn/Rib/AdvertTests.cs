using System.Buffers;
using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Options;
using Overlay.Control.Evpn.Tests.Rib.Support;
using Overlay.Encap;
using static Overlay.Control.Evpn.Tests.Rib.Support.LocalFacts;
using static Overlay.Control.Evpn.Tests.Rib.Support.RibBench;

namespace Overlay.Control.Evpn.Tests.Rib;

/// <summary>What we tell peers of our side, in which order, and that a peer is never told a thing twice or too late.</summary>
public sealed class AdvertTests
{
    [Fact]
    public void A_session_gets_everything_then_End_of_RIB_then_what_changes()
    {
        RibBench bench = Started();
        bench.Adverts.Tell(Learned(1));
        bench.Adverts.Tell(Bound(1, "10.0.0.1"));
        FakeSession peer = bench.Open("192.0.2.9");
        Assert.True(peer.Wakes > 0);
        Assert.Equal(
            ["+ 192.0.2.1:100 flood 192.0.2.1", "+ 192.0.2.1:100 02:00:00:00:00:01", "+ 192.0.2.1:100 02:00:00:00:00:01 10.0.0.1", "end-of-rib"], bench.Sent(peer));
        Assert.Empty(bench.Sent(peer));
        Assert.Equal(3, bench.Adverts.Advertised(peer));

        int wakes = peer.Wakes;
        bench.Adverts.Tell(Learned(2));
        bench.Adverts.Tell(Learned(3));
        Assert.Equal(wakes, peer.Wakes);
        bench.Clock.Advance(TimeSpan.FromMilliseconds(10));
        Assert.Equal(wakes + 1, peer.Wakes);
        Assert.Equal(["+ 192.0.2.1:100 02:00:00:00:00:02", "+ 192.0.2.1:100 02:00:00:00:00:03"], bench.Sent(peer));
    }

    [Fact]
    public void End_of_RIB_waits_until_our_side_has_told_everything()
    {
        RibBench bench = Started(isSynced: false);
        FakeSession peer = bench.Open("192.0.2.9");
        Assert.DoesNotContain("end-of-rib", bench.Sent(peer));
        bench.Adverts.Tell(Learned(1));
        bench.Adverts.Tell(new LocalEvent { Kind = LocalEventKind.ResyncEnd });
        bench.Clock.Advance(TimeSpan.FromMilliseconds(10));
        Assert.Equal(["+ 192.0.2.1:100 02:00:00:00:00:01", "end-of-rib"], bench.Sent(peer));
    }

    [Fact]
    public void A_withdraw_takes_the_place_of_what_was_not_sent_and_what_was_never_said_is_not_withdrawn()
    {
        RibBench bench = Started();
        bench.Adverts.Tell(Learned(1));
        bench.Adverts.Tell(Aged(1));
        FakeSession peer = bench.Open("192.0.2.9");
        Assert.Equal(["+ 192.0.2.1:100 flood 192.0.2.1", "end-of-rib"], bench.Sent(peer));

        bench.Adverts.Tell(Learned(2));
        Assert.Equal(["+ 192.0.2.1:100 02:00:00:00:00:02"], bench.Sent(peer));
        bench.Adverts.Tell(Aged(2));
        bench.Adverts.Tell(Learned(2));
        bench.Adverts.Tell(Aged(2));
        Assert.Equal(["- 192.0.2.1:100 02:00:00:00:00:02"], bench.Sent(peer));
        Assert.Empty(bench.Sent(peer));
        bench.Adverts.Tell(Aged(2));
        Assert.Empty(bench.Sent(peer));
    }

    [Fact]
    public void What_is_gone_is_not_kept_while_there_is_nobody_to_withdraw_it_from()
    {
        RibBench bench = Started();
        for (int i = 1; i <= 10_000; i++)
        {
            bench.Adverts.Tell(Learned(i));
            bench.Adverts.Tell(Bound(i, $"10.0.{i >> 8}.{i & 255}"));
            bench.Adverts.Tell(Aged(i));
            bench.Adverts.Tell(Bound(i, $"10.0.{i >> 8}.{i & 255}") with { Kind = LocalEventKind.NeighborAged });
        }

        (int routes, int places) = bench.Adverts.Size;
        Assert.Equal(1, routes);
        Assert.InRange(places, 1, 2048);
        FakeSession peer = bench.Open("192.0.2.9");
        Assert.Equal(["+ 192.0.2.1:100 flood 192.0.2.1", "end-of-rib"], bench.Sent(peer));
    }

    [Fact]
    public void A_MAC_that_moved_to_us_is_announced_with_its_sequence_and_its_addresses_too()
    {
        RibBench bench = Started();
        bench.Adverts.Tell(Learned(1));
        bench.Adverts.Tell(Bound(1, "10.0.0.1"));
        FakeSession peer = bench.Open("192.0.2.9");
        _ = bench.Sent(peer);
        bench.Adverts.Tell(Aged(1));
        Assert.Equal(["- 192.0.2.1:100 02:00:00:00:00:01", "- 192.0.2.1:100 02:00:00:00:00:01 10.0.0.1"], bench.Sent(peer));
        bench.Adverts.Tell(Learned(1, 5));
        Assert.Equal(["+ 192.0.2.1:100 02:00:00:00:00:01 seq 5", "+ 192.0.2.1:100 02:00:00:00:00:01 10.0.0.1 seq 5"], bench.Sent(peer));

        // Told again, it is no news.
        bench.Adverts.Tell(Learned(1, 5));
        bench.Adverts.Tell(Bound(1, "10.0.0.1"));
        Assert.Empty(bench.Sent(peer));
    }

    [Fact]
    public void An_address_that_changes_its_MAC_is_withdrawn_from_the_old_one()
    {
        RibBench bench = Started();
        bench.Adverts.Tell(Learned(1));
        bench.Adverts.Tell(Learned(2));
        bench.Adverts.Tell(Bound(1, "fd00::1"));
        FakeSession peer = bench.Open("192.0.2.9");
        _ = bench.Sent(peer);
        bench.Adverts.Tell(Bound(2, "fd00::1") with { Kind = LocalEventKind.NeighborMoved });
        Assert.Equal(["- 192.0.2.1:100 02:00:00:00:00:01 fd00::1", "+ 192.0.2.1:100 02:00:00:00:00:02 fd00::1"], bench.Sent(peer));
        bench.Adverts.Tell(Bound(1, "fd00::1") with { Kind = LocalEventKind.NeighborAged });
        Assert.Empty(bench.Sent(peer));
        bench.Adverts.Tell(Bound(2, "fd00::1") with { Kind = LocalEventKind.NeighborAged });
        Assert.Equal(["- 192.0.2.1:100 02:00:00:00:00:02 fd00::1"], bench.Sent(peer));
    }

    [Fact]
    public void A_binding_of_a_MAC_that_is_not_here_is_not_announced()
    {
        RibBench bench = Started();
        FakeSession peer = bench.Open("192.0.2.9");
        _ = bench.Sent(peer);
        bench.Adverts.Tell(Bound(1, "10.0.0.1"));
        Assert.DoesNotContain(bench.Sent(peer), static s => s.StartsWith('+'));
        bench.Adverts.Tell(Learned(1));
        Assert.Equal(2, bench.Sent(peer).Count);
    }

    [Fact]
    public void A_resync_withdraws_what_is_no_more_and_repeats_nothing()
    {
        RibBench bench = Started();
        bench.Adverts.Tell(Learned(1));
        bench.Adverts.Tell(Learned(2));
        bench.Adverts.Tell(Bound(2, "10.0.0.2"));
        FakeSession peer = bench.Open("192.0.2.9");
        _ = bench.Sent(peer);
        Tell(bench, LocalEventKind.Resync);
        bench.Adverts.Tell(InBeing("192.0.2.1", "2001:db8::1"));
        bench.Adverts.Tell(new LocalEvent { Kind = LocalEventKind.VniAttached, Vni = new Vni(V) });
        bench.Adverts.Tell(Learned(1));
        Assert.Empty(bench.Sent(peer));
        Tell(bench, LocalEventKind.ResyncEnd);
        Assert.Equal(["- 192.0.2.1:100 02:00:00:00:00:02", "- 192.0.2.1:100 02:00:00:00:00:02 10.0.0.2"], bench.Sent(peer).Order(StringComparer.Ordinal));

        // And a VNI that was not named is gone.
        Tell(bench, LocalEventKind.Resync);
        Tell(bench, LocalEventKind.ResyncEnd);
        Assert.Equal(["- 192.0.2.1:100 02:00:00:00:00:01", "- 192.0.2.1:100 flood 192.0.2.1"], bench.Sent(peer).Order(StringComparer.Ordinal));
        Assert.Equal((0, 0), bench.Adverts.Count());
    }

    [Fact]
    public void Another_VTEP_address_is_announced_and_none_withdraws()
    {
        RibBench bench = Started();
        bench.Adverts.Tell(Learned(1));
        FakeSession peer = bench.Open("192.0.2.9");
        _ = bench.Sent(peer);
        bench.Adverts.Tell(InBeing("2001:db8::1"));
        Assert.Equal(["+ 192.0.2.1:100 02:00:00:00:00:01", "+ 192.0.2.1:100 flood 2001:db8::1", "- 192.0.2.1:100 flood 192.0.2.1"], bench.Sent(peer).Order(StringComparer.Ordinal));
        bench.Adverts.Tell(InBeing());
        Assert.Equal(["- 192.0.2.1:100 02:00:00:00:00:01", "- 192.0.2.1:100 flood 2001:db8::1"], bench.Sent(peer).Where(static s => !s.EndsWith("flood 192.0.2.1", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        bench.Adverts.Tell(InBeing("192.0.2.1", "2001:db8::1"));
        Assert.Equal(["+ 192.0.2.1:100 02:00:00:00:00:01", "+ 192.0.2.1:100 flood 192.0.2.1"], bench.Sent(peer).Where(static s => s.StartsWith('+')).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_refresh_gives_everything_again_framed_where_both_can()
    {
        RibBench bench = Started();
        bench.Adverts.Tell(Learned(1));
        FakeSession peer = bench.Open("192.0.2.9");
        _ = bench.Sent(peer);
        bench.Adverts.Tell(Learned(2));
        _ = bench.Sent(peer);
        bench.Adverts.Tell(Aged(2));
        bench.Routes.Refresh(peer, RouteRefreshKind.Request);
        Assert.Equal(["begin", "- 192.0.2.1:100 02:00:00:00:00:02", "+ 192.0.2.1:100 flood 192.0.2.1", "+ 192.0.2.1:100 02:00:00:00:00:01", "end"], bench.Sent(peer));
        FakeSession plain = FakeSession.With("192.0.2.8", enhancedRefresh: false);
        bench.Routes.Opened(plain);
        _ = bench.Sent(plain);
        bench.Routes.Refresh(plain, RouteRefreshKind.Request);
        Assert.Equal(["+ 192.0.2.1:100 flood 192.0.2.1", "+ 192.0.2.1:100 02:00:00:00:00:01"], bench.Sent(plain));
    }

    [Fact]
    public void Attributes_are_those_of_the_session_and_the_VNI()
    {
        ExtendedCommunity target = ExtendedCommunity.RouteTargetOfAs4(4_200_000_001, 7);
        EvpnOptions options = DefaultOptions with
        {
            Encaps = [EncapKind.Geneve, EncapKind.Vxlan],
            Vnis = DefaultOptions.Vnis.Add(new Vni(W), new EvpnVniOptions { Export = [target], Rd = new RouteDistinguisher(0x0000_FDE9_0000_0063), IsGateway = true }),
        };
        RibBench bench = Started(options);
        bench.Adverts.Tell(new LocalEvent { Kind = LocalEventKind.PortUp, Port = "p0", Mac = Mac(1) });
        bench.Adverts.Tell(new LocalEvent { Kind = LocalEventKind.VniAttached, Vni = new Vni(W) });
        bench.Adverts.Tell(Learned(1) with { Vni = new Vni(W) });
        bench.Adverts.Tell(Learned(1));
        PathAttributes[] inside = Attributes(bench, bench.Open("192.0.2.9"));
        PathAttributes[] outside = Attributes(bench, bench.Open("192.0.2.8", 65002));
        Assert.All(inside, static a => Assert.Equal((100u, 0), (a.LocalPreference!.Value, a.AsPath.Length)));
        Assert.All(outside, static a => Assert.Equal((null, 65001u), (a.LocalPreference, Assert.Single(Assert.Single(a.AsPath).Numbers))));
        Assert.All(inside, static a => Assert.Equal((BgpOrigin.Igp, Ip("192.0.2.1")), (a.Origin, a.NextHop)));
        Assert.All(inside, static a => Assert.Equal(["encap:geneve", "encap:vxlan"], a.ExtendedCommunities.Select(static c => c.ToText()).Where(static t => t.StartsWith("encap", StringComparison.Ordinal))));
        Assert.Equal(new PmsiTunnel(0, 6, V, Ip("192.0.2.1")), inside.Single(a => a.Pmsi is not null && a.ExtendedCommunities.Contains(Target())).Pmsi);
        Assert.Equal(2, inside.Count(a => a.ExtendedCommunities.Contains(target)));
        Assert.Equal([true], inside.Where(static a => a.ExtendedCommunities.Contains(ExtendedCommunity.DefaultGateway)).Select(a => a.ExtendedCommunities.Contains(target)));
    }

    [Theory]
    [InlineData(RouteTargetForm.As2Vni, 4_200_000_001u, 59905u, 100u)]
    [InlineData(RouteTargetForm.Rfc8365, 65001u, 65001u, 0x1000_0064u)]
    [InlineData(RouteTargetForm.Rfc8365, 4_200_000_001u, 59905u, 100u)]
    public void The_automatic_target_has_the_form_that_is_configured(RouteTargetForm form, uint number, uint high, uint low)
    {
        RibBench bench = Started(DefaultOptions with { As = number, RouteTargets = form });
        Assert.Contains(ExtendedCommunity.RouteTargetOfAs2((ushort)high, low), Attributes(bench, bench.Open("192.0.2.9"))[0].ExtendedCommunities);
    }

    [Fact]
    public void Routes_of_peers_are_never_told_to_others()
    {
        RibBench bench = Started();
        FakeSession one = bench.Open("192.0.2.9");
        FakeSession two = bench.Open("192.0.2.8", 65002);
        _ = bench.Sent(one);
        _ = bench.Sent(two);
        bench.Announce(one, "192.0.2.2", 7);
        bench.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(bench.Sent(two));
        Assert.Empty(bench.Sent(one));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_happens_a_session_ends_with_what_there_is(int seed)
    {
        var random = new Random(seed);
        RibBench bench = Started();
        var macs = new Dictionary<int, uint>();
        var sessions = new Dictionary<FakeSession, Dictionary<string, string>>();
        for (int step = 0; step < 6000; step++)
        {
            int mac = random.Next(1, 40);
            switch (random.Next(12))
            {
                case < 4:
                    uint sequence = (uint)random.Next(3);
                    bench.Adverts.Tell(Learned(mac, sequence));
                    macs[mac] = sequence;
                    break;
                case < 7:
                    bench.Adverts.Tell(Aged(mac));
                    _ = macs.Remove(mac);
                    break;
                case 7:
                    bench.Adverts.Tell(random.Next(3) == 0 ? InBeing("2001:db8::1") : InBeing("192.0.2.1", "2001:db8::1"));
                    break;
                case 8 when sessions.Count < 5:
                    FakeSession opened = FakeSession.With($"192.0.3.{step % 250}", maxLength: random.Next(2) == 0 ? 4096 : 65535);
                    bench.Routes.Opened(opened);
                    sessions[opened] = [];
                    break;
                case 9 when sessions.Count > 0 && random.Next(3) == 0:
                    FakeSession closed = sessions.Keys.ElementAt(random.Next(sessions.Count));
                    bench.Lose(closed);
                    _ = sessions.Remove(closed);
                    break;
                case 10 when sessions.Count > 0:
                    bench.Routes.Refresh(sessions.Keys.First(), RouteRefreshKind.Request);
                    break;
                default:
                    if (sessions.Count > 0)
                    {
                        FakeSession read = sessions.Keys.ElementAt(random.Next(sessions.Count));
                        Follow(sessions[read], bench.Sent(read));
                    }

                    break;
            }
        }

        bench.Adverts.Tell(InBeing("192.0.2.1", "2001:db8::1"));
        foreach ((FakeSession session, Dictionary<string, string> known) in sessions)
        {
            Follow(known, bench.Sent(session));
            string[] expected = ["192.0.2.1:100 flood 192.0.2.1", .. macs.Select(static m => $"192.0.2.1:100 {Mac(m.Key)}{(m.Value == 0 ? string.Empty : $" seq {m.Value}")}")];
            Assert.Equal(expected.Order(StringComparer.Ordinal), known.Select(static k => k.Key + k.Value).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Ten_thousand_routes_are_packed_and_no_call_writes_more_than_64_KiB()
    {
        RibBench bench = Started();
        for (int i = 1; i <= 10_000; i++)
        {
            bench.Adverts.Tell(Learned(i, (uint)(i % 500)));
        }

        FakeSession peer = bench.Open("192.0.2.9");
        int total = 0;
        for (bool more = true; more;)
        {
            var output = new ArrayBufferWriter<byte>();
            more = bench.Routes.Fill(peer, output);
            Assert.InRange(output.WrittenCount, 0, 65_536);
            total += output.WrittenCount;
        }

        Assert.InRange(total, 10_000 * 35, 3_000_000);
        bench.Routes.Refresh(peer, RouteRefreshKind.Request);
        Assert.Equal(10_001, bench.Sent(peer).Count(static s => s.StartsWith('+')));
    }

    /// <summary>What a peer knows after what it was sent.</summary>
    private static void Follow(Dictionary<string, string> known, List<string> sent)
    {
        foreach (string line in sent)
        {
            if (line[0] is '+' or '-')
            {
                string[] parts = line[2..].Split(" seq ");
                if (line[0] == '+')
                {
                    known[parts[0]] = parts.Length == 2 ? $" seq {parts[1]}" : string.Empty;
                }
                else
                {
                    _ = known.Remove(parts[0]);
                }
            }
        }
    }

    private static PathAttributes[] Attributes(RibBench bench, FakeSession session)
    {
        var output = new ArrayBufferWriter<byte>();
        while (bench.Routes.Fill(session, output))
        {
        }

        var all = new List<PathAttributes>();
        ReadOnlySpan<byte> rest = output.WrittenSpan;
        var decoder = new UpdateDecoder(true, session.Facts.IsInternal);
        while (rest.Length > 0)
        {
            int length = System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(rest[16..]);
            if (decoder.Decode(rest[19..length]).Attributes is { } attributes)
            {
                all.Add(attributes);
            }

            rest = rest[length..];
        }

        return [.. all];
    }
}
