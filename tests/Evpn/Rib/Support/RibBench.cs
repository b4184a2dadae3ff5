using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Options;
using Overlay.Control.Evpn.Queries;
using Overlay.Control.Evpn.Rib;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Tests.Rib.Support;

/// <summary>Routes in and out over a seam that only records: local 192.0.2.1 and 2001:db8::1, AS 65001, VNIs 100 and 200. UPDATEs go as octets.</summary>
internal sealed class RibBench
{
    public const uint RouterId = 0xC000_0201;
    public const uint V = 100;
    public const uint W = 200;

    private static readonly ExtendedCommunity VxlanOffer = ExtendedCommunity.Encapsulation(TunnelType.Vxlan);

    public RibBench(EvpnOptions? options = null, TimeSpan? staleHold = null, bool start = true, long attributeBudget = AttributeTable.DefaultBudget)
    {
        Rib = new EvpnRib(options ?? DefaultOptions, Sink, Clock, Log, attributeBudget) { StaleHold = staleHold };
        Adverts = new EvpnAdverts(options ?? DefaultOptions, Clock);
        Routes = new EvpnRoutes(Rib, Adverts);
        if (start)
        {
            Rib.SetLocal([Ip("192.0.2.1"), Ip("2001:db8::1")]);
            Rib.SetVnis(new Dictionary<uint, bool> { [V] = true, [W] = true });
        }
    }

    public static EvpnOptions DefaultOptions { get; } = new() { As = 65001, RouterId = RouterId, VtepAddresses = [Ip("192.0.2.1"), Ip("2001:db8::1")] };

    public SeamSink Sink { get; } = new();

    public ManualTime Clock { get; } = new();

    public LogLines Log { get; } = new();

    public EvpnRib Rib { get; }

    public EvpnAdverts Adverts { get; }

    /// <summary>What sessions call; that of a plane, if there is one.</summary>
    public IBgpRoutes Routes { get; set; }

    public static UnderlayAddress Ip(string text) => UnderlayAddress.Parse(text);

    public static MacAddress Mac(int n) => new(0x0200_0000_0000UL + (uint)n);

    public static RouteDistinguisher Rd(string vtep, uint vni = V) => RouteDistinguisher.OfIPv4((uint)Ip(vtep).Lo, (ushort)vni);

    public static ExtendedCommunity Target(uint vni = V, uint of = 65001) => ExtendedCommunity.RouteTargetOfAs2((ushort)of, vni);

    public static EvpnNlri MacRoute(string vtep, int mac, uint vni = V, string? ip = null, EthernetSegmentId esi = default, uint? label = null) => new()
    {
        Type = EvpnRouteType.MacIp,
        Rd = Rd(vtep, vni),
        Esi = esi,
        Mac = Mac(mac),
        HasAddress = ip is not null,
        Address = ip is null ? default : Ip(ip),
        Label = label ?? vni,
    };

    public static EvpnNlri FloodRoute(string vtep, uint vni = V) =>
        new() { Type = EvpnRouteType.InclusiveMulticast, Rd = Rd(vtep, vni), HasAddress = true, Address = Ip(vtep) };

    /// <summary>Attributes as a VTEP sends them: its address as next hop, the VNI's route target, VXLAN, and what is given besides.</summary>
    public static PathAttributesBuilder From(string vtep, uint vni = V, params ExtendedCommunity[] more) => new()
    {
        NextHop = Ip(vtep),
        LocalPreference = 100,
        ExtendedCommunities = [Target(vni), VxlanOffer, .. more],
    };

    public static PathAttributesBuilder FloodFrom(string vtep, uint vni = V, params ExtendedCommunity[] more) =>
        From(vtep, vni, more) with { Pmsi = new PmsiTunnel(0, PmsiTunnel.IngressReplication, vni, Ip(vtep)) };

    public FakeSession Open(string peer, uint peerAs = 65001, uint? routerId = null, bool gracefulRestart = true)
    {
        var session = FakeSession.With(peer, peerAs, routerId: routerId, gracefulRestart: gracefulRestart);
        Routes.Opened(session);
        return session;
    }

    public void Lose(FakeSession session, BgpCloseKind kind = BgpCloseKind.TransportLost, bool hard = false) =>
        Routes.Closed(session, new BgpClose(kind, null, hard, "test"));

    /// <summary>A route in force from a peer on: a MAC behind a VTEP.</summary>
    public void Announce(FakeSession session, string vtep, int mac, uint sequence = 0, bool sticky = false, string? ip = null, uint vni = V) =>
        Announce(session, From(vtep, vni, sequence == 0 && !sticky ? [] : [ExtendedCommunity.MacMobility(sequence, sticky)]), MacRoute(vtep, mac, vni, ip));

    public void Announce(FakeSession session, PathAttributesBuilder attributes, params ReadOnlySpan<EvpnNlri> routes)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new UpdateWriter(output, session.Facts.MaxMessageLength, session.Facts.HasFourOctetAs);
        PathAttributesBuilder whole = session.Facts.IsInternal ? attributes
            : (attributes.AsPath.IsEmpty ? attributes.WithPrepended(session.Facts.PeerAs) : attributes) with { LocalPreference = null };
        writer.Begin(whole.Build());
        foreach (EvpnNlri route in routes)
        {
            writer.Add(route);
        }

        writer.End();
        Deliver(session, output.WrittenSpan);
    }

    public void Withdraw(FakeSession session, params ReadOnlySpan<EvpnNlri> routes)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new UpdateWriter(output, session.Facts.MaxMessageLength);
        writer.BeginWithdraw();
        foreach (EvpnNlri route in routes)
        {
            writer.Add(route);
        }

        writer.End();
        Deliver(session, output.WrittenSpan);
    }

    public void EndOfRib(FakeSession session)
    {
        var output = new ArrayBufferWriter<byte>();
        UpdateWriter.WriteEndOfRib(output);
        Deliver(session, output.WrittenSpan);
    }

    /// <summary>Delivers whole messages.</summary>
    public void Deliver(FakeSession session, ReadOnlySpan<byte> messages)
    {
        while (messages.Length > 0)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(messages[16..]);
            Assert.Null(Routes.Received(session, messages[19..length]));
            messages = messages[length..];
        }
    }

    /// <summary>What the control loop has of a MAC: <c>peer VTEP encapsulation sequence</c>, or a dash.</summary>
    public string Place(int mac, uint vni = V) => string.Join(" | ", Sink.At(SeamSink.MacKey(vni, Mac(mac)))) is { Length: > 0 } place ? place : "-";

    /// <summary>All rows of a filter.</summary>
    public ImmutableArray<EvpnRouteRow> Rows(EvpnRouteFilter? filter = null)
    {
        ImmutableArray<EvpnRouteRow>.Builder rows = ImmutableArray.CreateBuilder<EvpnRouteRow>();
        Assert.Equal(0, Rib.Read(filter ?? new EvpnRouteFilter(), 0, int.MaxValue, rows));
        return rows.ToImmutable();
    }

    /// <summary>Reads what is written to a session, by message: <c>+ route</c>, <c>- route</c>, <c>end-of-rib</c>, <c>begin</c>, <c>end</c>.</summary>
    public List<string> Sent(FakeSession session)
    {
        var said = new List<string>();
        var output = new ArrayBufferWriter<byte>();
        while (Routes.Fill(session, output))
        {
        }

        ReadOnlySpan<byte> rest = output.WrittenSpan;
        var decoder = new UpdateDecoder(session.Facts.HasFourOctetAs, session.Facts.IsInternal);
        while (rest.Length > 0)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(rest[16..]);
            if (rest[18] == 5)
            {
                said.Add(rest[21] == 1 ? "begin" : "end");
            }
            else
            {
                UpdateResult update = decoder.Decode(rest[19..length]);
                Assert.Null(update.Reset);
                Assert.True(update.Faults.IsEmpty, update.Faults.ToString());
                Assert.False(update.TreatAsWithdraw);
                if (update.IsEndOfRib)
                {
                    said.Add("end-of-rib");
                }

                Say(said, "-", update.Unreach, null);
                Say(said, "+", update.Reach, update.Attributes);
            }

            rest = rest[length..];
        }

        return said;
    }

    private static void Say(List<string> said, string sign, ReadOnlySpan<byte> octets, PathAttributes? attributes)
    {
        var reader = new EvpnNlriReader(octets);
        while (reader.MoveNext(out EvpnNlri nlri))
        {
            string what = nlri.Type == EvpnRouteType.InclusiveMulticast ? $"flood {nlri.Address}" : $"{nlri.Mac}{(nlri.HasAddress ? $" {nlri.Address}" : string.Empty)}";
            string mobility = attributes?.ExtendedCommunities.Select(static c => c.TryGetMacMobility(out uint sequence, out _) ? $" seq {sequence}" : string.Empty).FirstOrDefault(static t => t.Length > 0) ?? string.Empty;
            said.Add($"{sign} {nlri.Rd} {what}{mobility}");
        }
    }
}
