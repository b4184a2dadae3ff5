using System.Diagnostics;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Restart;

/// <summary>kill -9 at any moment: the next process forwards, and nothing is left over of the one before.</summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const int Kills = 10;
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void After_each_of_ten_kills_frames_pass_within_a_second_and_nothing_is_left_over(bool hasStore)
    {
        using var lab = new RestartLab();
        lab.A.HasStore = hasStore;
        lab.Start();
        lab.Learn();
        NetLab.Address(lab.TenantA, "t0", "10.0.0.1/24");
        var before = NetLab.Ip(lab.TenantA, "-o", "link").StdOut.Split('\n').Length;
        var files = Files();
        var random = new Random(7);
        var longest = TimeSpan.Zero;
        using var probe = new PacketSocket(lab.TenantB, "t0", filter: static frame => frame.Length >= 60 && frame[12] == 0x88 && frame[13] == 0xb5);
        using var tenant = new PacketSocket(lab.TenantA, "t0", receive: false);
        var frame = Wire.Ethernet("ff:ff:ff:ff:ff:ff", RestartLab.MacA, 0x88b5, new byte[46]);
        for (var i = 0; i < Kills; i++)
        {
            switch (i % 3)
            {
                case 0:
                    // While it starts, up to a moment after.
                    lab.A.Kill();
                    lab.A.Start();
                    Thread.Sleep(random.Next(150));
                    break;
                case 1:
                    // While it takes in another configuration.
                    lab.A.WriteConfig(lab.YamlOfA.Replace("\nvnis:", $"\n  t1: {{ tap: t1, netns: {lab.TenantA} }}\nvnis:", StringComparison.Ordinal));
                    lab.A.Hangup();
                    Thread.Sleep(random.Next(60));
                    lab.A.WriteConfig(lab.YamlOfA);
                    break;
                default:
                    Thread.Sleep(random.Next(100));
                    break;
            }

            Assert.Equal(128 + 9, lab.A.Kill());
            probe.Clear();
            var began = Stopwatch.GetTimestamp();
            lab.A.Start();
            Wait.Until(
                () =>
                {
                    tenant.Offer(frame);
                    return probe.Count > 0;
                }, TimeSpan.FromSeconds(10), "a frame passes", () => lab.A.Log);
            var took = Stopwatch.GetElapsedTime(began);

            // How long it takes is up to the machine too: only a quiet one is judged.
            if (took > Most && !Machine.WaitForQuiet(TimeSpan.FromSeconds(5)))
            {
                output.WriteLine($"{took.TotalMilliseconds:0} ms on a busy machine; {Machine.Report()}");
                continue;
            }

            longest = took > longest ? took : longest;
            lab.A.WaitReady();
        }

        output.WriteLine($"store {hasStore}: longest {longest.TotalMilliseconds:0} ms; {Machine.Report()}");
        lab.A.WaitReady();
        Wait.Until(() => !NetLab.HasDevice(lab.TenantA, "t1"), TimeSpan.FromSeconds(5), "t1 is gone", () => lab.A.Log);
        Assert.Equal(before, NetLab.Ip(lab.TenantA, "-o", "link").StdOut.Split('\n').Length);
        Assert.Contains("10.0.0.1/24", NetLab.Ip(lab.TenantA, "addr", "show", "dev", "t0").StdOut, StringComparison.Ordinal);
        Assert.Equal(files, Files());
        Assert.DoesNotContain(lab.A.Stored, static name => name.Contains(".t1.", StringComparison.Ordinal));
        Assert.True(longest <= Most * 2, $"{longest.TotalMilliseconds:0} ms; {Machine.Report()}");

        string Files() => string.Join(' ', Directory.GetFiles(lab.A.StateDirectory).Concat(Directory.GetFiles(Path.GetDirectoryName(lab.A.SocketPath)!, Path.GetFileNameWithoutExtension(lab.A.SocketPath) + ".*"))
            .Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }
}
