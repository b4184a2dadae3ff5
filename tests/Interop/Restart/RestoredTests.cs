using System.Buffers.Binary;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Restart;

/// <summary>What is as it was after a restart or a stop: many MACs, lengths of queues; and what cannot be had any more is let go of.</summary>
public sealed class RestoredTests
{
    private const int Macs = 20_000;

    // More than what is restored before the first frame is read: the rest comes when frames pass.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Twenty_thousand_macs_are_all_there_after_a_restart(bool hasStore)
    {
        using var lab = new RestartLab();
        lab.A.HasStore = hasStore;
        lab.A.WriteConfig(lab.YamlOfA.Replace($"netns: {lab.TenantA}", $"netns: {lab.TenantA}, mac_limit: 65536", StringComparison.Ordinal));
        lab.Start();
        lab.Learn();
        using var tenant = new PacketSocket(lab.TenantA, "t0", receive: false);
        var next = 0;
        Wait.Until(
            () =>
            {
                // A few hundred at a time: what the control thread has not taken in is learned from a later frame.
                for (var i = 0; i < 500; i++) tenant.Offer(From(next++ % Macs));
                return Local(lab) >= Macs;
            }, TimeSpan.FromSeconds(60), "all MACs are learned", () => $"{Local(lab)} of {Macs} after {next} frames");
        lab.A.Restart();
        lab.A.WaitReady();
        Wait.Until(() => Local(lab) >= Macs, TimeSpan.FromSeconds(20), "all MACs are there", () => $"{Local(lab)} of {Macs}\n{lab.A.Log}");
        lab.Learn();
    }

    // A stop for good empties the store; the queue is as long as it became for a restart that did not come.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_queue_is_as_long_as_the_operator_made_it_after_a_stop_and_a_start(bool isOurs)
    {
        using var lab = new RestartLab();
        if (!isOurs) NetLab.Ip(lab.TenantA, "tuntap", "add", "t0", "mode", "tap", "multi_queue");
        lab.Start();
        lab.A.WaitStored(3);
        NetLab.Ip(lab.TenantA, "link", "set", "t0", "txqueuelen", "700");
        lab.A.End();
        lab.A.EmptyStore();
        lab.A.StartReady();
        Wait.Until(() => NetLab.Ip(lab.TenantA, "link", "show", "dev", "t0").StdOut.Contains("qlen 700", StringComparison.Ordinal), TimeSpan.FromSeconds(10), "the queue is as long as before",
            () => NetLab.Ip(lab.TenantA, "link", "show", "dev", "t0").StdOut + lab.A.Log);
        lab.Learn();
    }

    // Without CAP_BPF there is no lane: its queue and socket must not go on getting frames that nobody reads.
    [Fact]
    public void A_lane_that_cannot_be_had_any_more_is_let_go_of_and_frames_pass()
    {
        Requires.Bpf();
        Requires.HostRoot("capabilities of the host");
        using var lab = new RestartLab();
        var yaml = lab.YamlOfA.Replace($", netns: {lab.TenantA}", "", StringComparison.Ordinal);
        lab.A.WriteConfig(yaml);
        lab.Start();
        const string Lane = "overlay.tap.t0..lane";
        Wait.Until(() => lab.A.Stored.Contains(Lane), TimeSpan.FromSeconds(5), "the lane is in the store", () => string.Join(' ', lab.A.Stored) + lab.A.Log);
        lab.A.WriteConfig(yaml.Replace("capabilities: given", "capabilities: [CAP_NET_ADMIN]", StringComparison.Ordinal));
        lab.A.Restart();
        lab.A.WaitReady();
        Assert.Contains("without a priority lane", lab.A.Log, StringComparison.Ordinal);
        Wait.Until(() => !lab.A.Stored.Any(static name => name.EndsWith(".lane", StringComparison.Ordinal)), TimeSpan.FromSeconds(5), "no lane is in the store", () => string.Join(' ', lab.A.Stored) + lab.A.Log);
        Assert.Contains("numqueues 1 ", NetLab.Ip(lab.HostA, "-d", "link", "show", "dev", "t0").StdOut, StringComparison.Ordinal);

        // Short frames of many sources, which the lane would have had, in both directions.
        using var a = new PacketSocket(lab.HostA, "t0");
        using var b = new PacketSocket(lab.TenantB, "t0");
        for (var i = 0; i < 32; i++)
        {
            var (fromA, fromB) = (Broadcast(0x0a00 + i), Broadcast(0x0b00 + i));
            Wait.Until(
                () =>
                {
                    a.Offer(fromA);
                    b.Offer(fromB);
                    return b.Find(frame => Source(frame, fromA)) is not null && a.Find(frame => Source(frame, fromB)) is not null;
                }, TimeSpan.FromSeconds(10), "a frame passes each way", () => lab.A.Log);
        }
    }

    private static bool Source(byte[] frame, byte[] sent) => frame.AsSpan(6, 6).SequenceEqual(sent.AsSpan(6, 6));

    private static byte[] Broadcast(int source) => Numbered("ff:ff:ff:ff:ff:ff", source);

    private static byte[] From(int source) => Numbered(RestartLab.MacB, source);

    private static byte[] Numbered(string to, int source)
    {
        var frame = Wire.Ethernet(to, "02:00:00:00:00:00", 0x88b5, new byte[46]);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(8), 0x0100_0000 + source);
        return frame;
    }

    private static int Local(RestartLab lab) => (int)lab.A.Api.Get("/v1/vnis")["vnis"]!.AsArray().Single()!["local"]!;
}
