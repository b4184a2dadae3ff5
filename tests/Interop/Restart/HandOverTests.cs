using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Restart;

/// <summary>What is handed over besides frames: flows, learned MACs, queue lengths. And what is handed over and should not be: nothing of it keeps the daemon from forwarding.</summary>
public sealed class HandOverTests
{
    [Fact]
    public async Task A_tcp_flow_survives_two_restarts_and_queues_are_as_long_as_before()
    {
        using var lab = new RestartLab().Start();
        NetLab.Address(lab.TenantA, "t0", "10.0.0.1/24");
        NetLab.Address(lab.TenantB, "t0", "10.0.0.2/24");
        NetLab.Ip(lab.TenantA, "link", "set", "t0", "txqueuelen", "700");
        NetLab.WaitForPing(lab.TenantA, "10.0.0.2");
        lab.A.WaitStored(4);
        using var listener = NetNs.Run(lab.TenantB, static () =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Parse("10.0.0.2"), 0));
            socket.Listen(1);
            return socket;
        });
        using var client = NetNs.Run(lab.TenantA, static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        await client.ConnectAsync(listener.LocalEndPoint!);
        using var server = await listener.AcceptAsync();
        for (var i = 0; i < 2; i++)
        {
            await EchoAsync(client, server);
            var restart = Task.Run(() =>
            {
                lab.A.Restart();
                lab.A.WaitReady();
            });
            while (!restart.IsCompleted) await EchoAsync(client, server);
            await restart;
        }

        await EchoAsync(client, server);
        Wait.Until(() => NetLab.Ip(lab.TenantA, "link", "show", "dev", "t0").StdOut.Contains("qlen 700", StringComparison.Ordinal), TimeSpan.FromSeconds(5), "the queue is as long as before", () => lab.A.Log);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Learned_macs_are_there_after_a_restart_with_a_store_or_a_state_directory(bool hasStore)
    {
        using var lab = new RestartLab();
        lab.A.HasStore = hasStore;
        lab.Start();
        lab.Learn();
        lab.A.Restart();
        lab.A.WaitReady();

        // Nobody has sent a frame since.
        var fdb = lab.A.Api.Get("/v1/fdb").ToJsonString();
        Assert.Contains(RestartLab.MacA, fdb, StringComparison.Ordinal);
        Assert.Contains(RestartLab.MacB, fdb, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(lab.A.StateDirectory, "hand-over")));
        Assert.DoesNotContain("overlay.state", lab.A.Stored);
    }

    [Fact]
    public void Descriptors_that_are_not_what_they_say_are_closed_with_a_warning_and_the_daemon_forwards()
    {
        using var lab = new RestartLab();
        var netns = Escape(lab.TenantA);
        using var wrongPort = NetNs.Run(lab.HostA, static () => Bound("192.0.2.1", 9999));
        using var wrongFamily = NetNs.Run(lab.HostA, static () => new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp));
        using var elsewhere = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using var right = NetNs.Run(lab.HostA, static () => Bound("192.0.2.1", 6081));
        Put("overlay.udp.vxlan.192%2E0%2E2%2E1.4789.0", wrongPort.SafeHandle);
        Put("overlay.udp.vxlan.192%2E0%2E2%2E1.4789.lane", wrongFamily.SafeHandle);

        // The port that is wanted, but alone, without sharing it: it must be let go of, or the daemon could not bind.
        Put("overlay.udp.geneve.192%2E0%2E2%2E1.6081.0", right.SafeHandle);
        Put($"overlay.tap.t0.{netns}.0", elsewhere.SafeHandle);
        Put("overlay.state", elsewhere.SafeHandle);
        using var file = File.OpenHandle(lab.A.ConfigPath);
        Put("overlay.tap.gone..0", file);
        Put("overlay.tap.gone..0", file);
        Put("something", file);
        right.Dispose();
        lab.Start();
        lab.Learn();
        lab.A.WaitStored(4);
        Wait.Until(() => lab.A.Stored.All(static name => name.StartsWith("overlay.udp", StringComparison.Ordinal) || name.StartsWith("overlay.tap.t0", StringComparison.Ordinal)), TimeSpan.FromSeconds(5),
            "what is no good is out of the store", () => string.Join(' ', lab.A.Stored));
        foreach (var reason in new[] { "bound to something else", "does not share its port", "no queue of a device", "not a name of overlayd", "there are two of that name", "not configured any more", "no file" })
            Assert.Contains(reason, lab.A.Log, StringComparison.Ordinal);

        // From here on everything is as if they had never been.
        lab.A.Restart();
        lab.A.WaitReady();
        lab.Learn();

        void Put(string name, SafeHandle handle) => lab.A.Put(name, Copy(handle));
    }

    [Theory]
    [InlineData("1", "5", "a:b")]
    [InlineData(null, "60", "overlay.tap.t0..0")]
    [InlineData("x", "y", "z")]
    public void A_stale_environment_closes_nothing_and_stops_nothing(string? pid, string count, string names)
    {
        using var lab = new RestartLab();
        if (pid is not null) lab.A.Environment["LISTEN_PID"] = pid;
        lab.A.Environment["LISTEN_FDS"] = count;
        lab.A.Environment["LISTEN_FDNAMES"] = names;
        lab.Start();
        lab.Learn();
    }

    [Fact]
    public void A_state_that_is_broken_or_newer_is_refused_with_a_warning_and_frames_pass()
    {
        using var lab = new RestartLab();
        lab.A.HasStore = false;
        var path = Path.Combine(lab.A.StateDirectory, "hand-over");
        Directory.CreateDirectory(lab.A.StateDirectory);
        foreach (var (content, reason) in new[] { ("garbage"u8.ToArray(), "no state of overlayd"), (Newer(), "it has version 3"), (new byte[65 << 20], "is longer than") })
        {
            File.WriteAllBytes(path, content);
            lab.A.StartReady();
            Assert.Contains(reason, lab.A.Log, StringComparison.Ordinal);
            Assert.False(File.Exists(path));
            lab.A.End();
        }

        lab.Start();
        lab.Learn();

        static byte[] Newer() => [.. "OVSTATE\n"u8, 3, 0, 0, 0, .. new byte[100]];
    }

    [Theory]
    [InlineData("size=8k", false)]
    [InlineData("size=8k", true)]
    [InlineData("ro", true)]
    public void A_full_or_read_only_disk_is_a_warning_and_frames_pass_before_and_after_a_restart(string options, bool hasStore)
    {
        Requires.Tools("mount", "umount");
        using var folder = new Mount(options);
        using var lab = new RestartLab(stateOfA: folder.Path);
        lab.A.HasStore = hasStore;
        lab.Start();
        lab.Learn();
        lab.A.Restart();
        lab.A.WaitReady();

        // Without a disk the store still has what was learned.
        if (hasStore) Assert.Contains(RestartLab.MacB, lab.A.Api.Get("/v1/fdb").ToJsonString(), StringComparison.Ordinal);
        lab.Learn();
        Assert.Contains("cannot be written", lab.A.Log, StringComparison.Ordinal);
        Assert.Equal(0, lab.A.Interrupt());
    }

    private static Socket Bound(string address, int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
        return socket;
    }

    private static int Copy(SafeHandle handle) => Supervisor.Duplicate((int)handle.DangerousGetHandle());

    private static string Escape(string path) => string.Concat(path.Select(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c.ToString() : string.Create(CultureInfo.InvariantCulture, $"%{(int)c:X2}")));

    private static async Task EchoAsync(Socket client, Socket server)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var data = new byte[2000];
        Random.Shared.NextBytes(data);
        await client.SendAsync(data, limit.Token);
        var got = new byte[data.Length];
        for (var at = 0; at < got.Length;)
        {
            var read = await server.ReceiveAsync(got.AsMemory(at), limit.Token);
            Assert.NotEqual(0, read);
            at += read;
        }

        Assert.Equal(data, got);
    }

    /// <summary>A file system of its own, with nothing left of it for a file, or nothing to be written at all.</summary>
    private sealed class Mount : IDisposable
    {
        public Mount(string options)
        {
            Path = Directory.CreateTempSubdirectory("ovt-disk-").FullName;
            var mounted = Cmd.Run(null, "mount", "-t", "tmpfs", "-o", options, "tmpfs", Path);
            if (mounted.Ok)
            {
                Fill(options);
                return;
            }

            Directory.Delete(Path);
            throw new SkipTestException($"cannot mount: {mounted.StdErr.Trim()}");
        }

        public string Path { get; }

        public void Dispose()
        {
            Cmd.Run(null, "umount", "-l", Path);
            Directory.Delete(Path);
        }

        private void Fill(string options)
        {
            if (options == "ro") return;
            try
            {
                File.WriteAllBytes(System.IO.Path.Combine(Path, "ballast"), new byte[64 << 10]);
            }
            catch (IOException)
            {
                // Full, as it should be.
            }
        }
    }
}
