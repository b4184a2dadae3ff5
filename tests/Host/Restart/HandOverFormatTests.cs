using System.Buffers.Binary;
using Overlay.Control;
using Overlay.Control.HandOver;
using Overlay.Dataplane.HandOver;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Host.Restart;
using Xunit;

namespace Overlay.Host.Tests.Restart;

public sealed class HandOverFormatTests
{
    [Fact]
    public void What_is_written_is_read()
    {
        var state = Sample();
        var read = HandOverFormat.Read(HandOverFormat.Write(state), out var fault);
        Assert.Null(fault);
        Assert.Equal((state.Boot, state.Uptime), (read!.Boot, read.Uptime));
        Assert.Equal(state.Queues, read.Queues);
        Assert.Equal(state.Seen.Places, read.Seen.Places);
        Assert.Equal(state.Seen.Macs, read.Seen.Macs);
        Assert.True(read.Seen.Places[2].Address.IsIPv4);
        var (kept, again) = (Assert.Single(state.Routes), Assert.Single(read.Routes));
        Assert.Equal(kept.Plane, again.Plane);
        Assert.Equal(kept.Sessions, again.Sessions);
        Assert.Equal(kept.Vteps, again.Vteps);
        Assert.Equal(kept.NextHops, again.NextHops);
        Assert.Equal(kept.Routes, again.Routes);
    }

    [Fact]
    public void The_first_macs_can_be_read_without_the_others()
    {
        var state = Sample();
        var read = HandOverFormat.Read(HandOverFormat.Write(state), out var fault, mostMacs: 1);
        Assert.Null(fault);
        Assert.Equal(state.Seen.Macs.Take(1), read!.Seen.Macs);
        Assert.Equal(state.Seen.Places, read.Seen.Places);
    }

    [Fact]
    public void An_empty_state_is_one()
    {
        var read = HandOverFormat.Read(HandOverFormat.Write(new HandOverState(Guid.Empty, TimeSpan.Zero, [], SeenMacs.None, [])), out var fault);
        Assert.Null(fault);
        Assert.Empty(read!.Seen.Macs);
    }

    [Fact]
    public void A_newer_version_is_refused_and_says_so()
    {
        var octets = HandOverFormat.Write(Sample());
        BinaryPrimitives.WriteUInt32LittleEndian(octets.AsSpan(8), HandOverFormat.Version + 1);
        Assert.Null(HandOverFormat.Read(octets, out var fault));
        Assert.Equal($"it has version {HandOverFormat.Version + 1}, and this overlayd reads {HandOverFormat.Version}", fault);
    }

    [Fact]
    public void Every_truncation_and_every_addition_is_refused()
    {
        var octets = HandOverFormat.Write(Sample());
        for (var length = 0; length < octets.Length; length++)
        {
            Assert.Null(HandOverFormat.Read(octets.AsSpan(0, length), out var fault));
            Assert.NotNull(fault);
        }

        Assert.Null(HandOverFormat.Read([.. octets, 0], out _));
    }

    [Fact]
    public void Every_changed_bit_is_refused()
    {
        var octets = HandOverFormat.Write(Sample());
        for (var bit = 0; bit < octets.Length * 8; bit++)
        {
            octets[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(HandOverFormat.Read(octets, out var fault));
            Assert.NotNull(fault);
            octets[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Whatever_has_a_right_checksum_is_read_or_refused_without_an_exception()
    {
        // Somebody who writes a checksum too: the reader goes by what it finds, never beyond it.
        var random = new Random(5);
        var original = HandOverFormat.Write(Sample());
        var refused = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var octets = original[..random.Next(64, original.Length + 1)];
            for (var k = random.Next(1, 6); k > 0; k--)
            {
                octets[random.Next(24, octets.Length)] = random.Next(3) switch { 0 => 0, 1 => 0xFF, _ => (byte)random.Next(256) };
            }

            HandOverFormat.Seal(octets);
            var read = HandOverFormat.Read(octets, out var fault);
            Assert.Equal(read is null, fault is not null);
            refused += read is null ? 1 : 0;
            Assert.All(read?.Seen.Macs ?? [], mac => Assert.InRange(mac.Place, 0, read!.Seen.Places.Count - 1));
        }

        Assert.InRange(refused, 1000, 19_999);
    }

    [Fact]
    public void Numbers_that_would_take_all_memory_are_refused()
    {
        foreach (var at in new[] { 48, 52, 56 })
        {
            var octets = HandOverFormat.Write(Sample());
            BinaryPrimitives.WriteInt32LittleEndian(octets.AsSpan(at), int.MaxValue);
            HandOverFormat.Seal(octets);
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Null(HandOverFormat.Read(octets, out _));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        }
    }

    [Fact]
    public void The_largest_table_fits()
    {
        var places = Enumerable.Range(0, 1000).Select(static i => new SeenPlace($"p{i}", default, default)).ToArray();
        var macs = Enumerable.Range(0, 1 << 20).Select(static i => new SeenMac(new Vni(1), new MacAddress(0x0200_0000_0000UL + (uint)i), i % 1000, (uint)i)).ToArray();
        var octets = HandOverFormat.Write(new HandOverState(Guid.NewGuid(), TimeSpan.FromDays(400), [], new SeenMacs(places, macs), []));
        Assert.InRange(octets.Length, 16 << 20, HandOverFormat.MaxLength);
        Assert.Equal(1 << 20, HandOverFormat.Read(octets, out _)!.Seen.Macs.Count);
    }

    private static HandOverState Sample() => new(
        Guid.Parse("0f0e0d0c-0b0a-0908-0706-050403020100"),
        TimeSpan.FromMilliseconds(123_456_789),
        [new QueueLength("tap-web", 7, 1000), new QueueLength("t0", 9, 5000)],
        new SeenMacs(
            [new SeenPlace("web", default, default), new SeenPlace("ünï", default, default), new SeenPlace(null, UnderlayAddress.Parse("192.0.2.2"), EncapKind.Geneve), new SeenPlace(null, UnderlayAddress.Parse("2001:db8::2"), EncapKind.Vxlan)],
            [.. Enumerable.Range(0, 8).Select(static i => new SeenMac(new Vni(100 + (uint)i), new MacAddress(0x02FF_0000_0000UL + (uint)i), i % 4, (uint)i * 1000))]),
        [new KeptRoutes(
            "evpn",
            ["", "192.0.2.254"],
            [(1, new VtepDescription { Vtep = new VtepEndpoint("192.0.2.2"), Addresses = [UnderlayAddress.Parse("192.0.2.2"), UnderlayAddress.Parse("2001:db8::2")], Encap = EncapKind.Geneve, Port = 6082, PolicyOption = PolicyOptionMode.Critical })],
            [new NextHopRef(new VtepEndpoint("192.0.2.2"), UnderlayAddress.Parse("192.0.2.2"), EncapKind.Geneve, 0, 0), NextHopRef.To(new VtepEndpoint("c"))],
            [
                new KeptRoute(KeptRouteKind.Flood, 1, 0, new Vni(100), default, 0, false, default),
                new KeptRoute(KeptRouteKind.Mac, 1, 1, Vni.Max, MacAddress.Parse("02:00:00:00:00:07"), uint.MaxValue, true, default),
                new KeptRoute(KeptRouteKind.Neighbor, 0, 0, new Vni(100), MacAddress.Parse("02:00:00:00:00:07"), 0, true, UnderlayAddress.Parse("2001:db8::7")),
            ])]);
}
