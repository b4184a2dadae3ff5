using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Mtu;

/// <summary>Frames of all kinds and many lengths through real daemons over a narrow path: each arrives, or its sender is told, or it is counted.</summary>
public sealed class OversizeTests
{
    private const string Sender = "02:77:00:00:00:01";
    private static readonly int[] Lengths = [60, 61, 200, 576, 590, 1000, 1280, 1294, 1300, .. Enumerable.Range(MtuLab.Narrow - 100, 100), 1500, 1514, 2000, 9014, 20_001, 40_000, 65_000, 65_507, 65_534, 65_535];

    [Theory]
    [InlineData("vxlan", false)]
    [InlineData("geneve", true)]
    public void Each_frame_is_delivered_told_or_counted(string encap, bool outerIPv6)
    {
        using var lab = new NetLab();
        var (a, b, _, _, _) = MtuLab.Build(lab, encap, outerIPv6, "mtu: 65521");
        var overlay = MtuLab.Narrow - (outerIPv6 ? 70 : 50);
        a.WaitForPing("10.0.0.2");
        Wait.Until(
            () =>
            {
                Cmd.Run(a.Tenant, "ping", "-c", "1", "-W", "1", "-M", "do", "-s", "1372", "10.0.0.2");
                return MtuLab.Uses(a.Tenant, "10.0.0.2", overlay);
            },
            TimeSpan.FromSeconds(10),
            "the path is known",
            () => a.Daemon.Drops().ToString());
        var (to, from) = (Wire.Mac(NetLab.MacOf(b.Tenant, "t0")), Wire.Mac(Sender));
        using var sender = new PacketSocket(a.Tenant, "t0", filter: frame => frame.AsSpan(0, 6).SequenceEqual(from) && IsTooBig(frame));
        using var receiver = new PacketSocket(b.Tenant, "t0", filter: frame => frame.AsSpan(6, 6).SequenceEqual(from));
        var before = a.Daemon.SettledDrops();
        var (delivered, told, silent) = (0, 0, 0);
        foreach (var length in Lengths)
        {
            foreach (var (frame, tells) in Kinds(length))
            {
                to.CopyTo(frame, 0);
                sender.Send(frame);
                if (length - 14 <= overlay) delivered++;
                else if (tells) told++;
                else silent++;
            }

            // Few at a time: no limit of answers is reached.
            Wait.Until(
                () => (receiver.Count, sender.Count, Silent()) == (delivered, told, silent),
                TimeSpan.FromSeconds(10),
                $"{length} octets: {delivered} delivered, {told} told, {silent} counted",
                () => $"{receiver.Count} delivered, {sender.Count} told, {Silent()} counted; {a.Daemon.Drops().Since(before)}");
        }

        var drops = a.Daemon.SettledDrops();
        Assert.Equal(told, drops.Since(before).Drops.GetValueOrDefault("too_big_notified/tx"));
        Assert.Equal((0L, 0L), (drops.Unaccounted("rx"), drops.Unaccounted("tx")));
        Assert.Equal(4 * Lengths.Length, delivered + told + silent);

        long Silent() => a.Daemon.Drops().Since(before).Drops.GetValueOrDefault("too_big_silent/tx");
    }

    private static IEnumerable<(byte[] Frame, bool Tells)> Kinds(int length)
    {
        const string Nobody = "02:00:00:00:00:00";
        yield return (Wire.Ethernet(Nobody, Sender, 0x0800, Wire.IPv4("10.0.0.7", "10.0.0.77", 253, new byte[length - 34])), true);
        yield return (Wire.Ethernet(Nobody, Sender, 0x0800, Wire.IPv4("10.0.0.7", "10.0.0.77", 253, new byte[length - 34], flags: 0)), false);
        yield return (Wire.Ethernet(Nobody, Sender, 0x86dd, Wire.IPv6("fd00::7", "fd00::77", 253, new byte[length - 54])), true);
        yield return (Wire.Ethernet(Nobody, Sender, 0x88b5, new byte[length - 14]), false);
    }

    private static bool IsTooBig(byte[] frame) =>
        (frame[12] == 0x08 && frame[23] == 1 && frame[34] == 3 && frame[35] == 4) || (frame[12] == 0x86 && frame[20] == 58 && frame[54] == 2);
}
