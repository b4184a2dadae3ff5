using System.Globalization;
using System.Text.Json;
using Overlay.EndToEnd.Lab;
using Overlay.EndToEnd.Traffic;
using Overlay.TestKit.Net;

namespace Overlay.EndToEnd.Measuring;

/// <summary>Measures rows between two hosts that are up.</summary>
internal sealed class Meter
{
    private const int ManyFlows = 256;
    private const int ProbesPerSecond = 400;
    private static readonly int[] MixedSizes = [64, 200, 1000];
    private static readonly string Tools = Path.Combine(AppContext.BaseDirectory, "Overlay.EndToEnd");

    private readonly TwoHosts _hosts;
    private readonly QuietMachine _machine;
    private readonly Durations _durations;
    private readonly CancellationToken _cancel;
    private int _port = 20_000;

    public Meter(TwoHosts hosts, QuietMachine machine, Durations durations, CancellationToken cancel)
    {
        _hosts = hosts;
        _machine = machine;
        _durations = durations;
        _cancel = cancel;
    }

    /// <summary>Traffic that is not measured, the same for everybody.</summary>
    public void WarmUp()
    {
        Iperf(_durations.WarmTcp);
        Flood([64], _durations.WarmUdp, 1);
    }

    /// <summary>Measures one row; what goes wrong is the sample's note.</summary>
    public Sample Measure(Row row)
    {
        var sample = _machine.Measure(() => Attempt(row));
        if (sample.Values.TryGetValue(Metric.Gigabytes, out var gigabytes) && row != Row.Loaded)
            sample.Values[Metric.CpuPerGigabyte] = sample[Metric.CpuSeconds] / gigabytes;
        if (_hosts.Daemons.Count > 0) sample.Values[Metric.Resident] = _hosts.Daemons.Sum(Resident);
        return sample;
    }

    private Sample Attempt(Row row)
    {
        try
        {
            return row switch
            {
                Row.Tcp1 or Row.Bridge => Iperf(_durations.Tcp),
                Row.Tcp4 => Iperf(_durations.Tcp, "-P", "4"),
                Row.Bidir => Iperf(_durations.Tcp, "--bidir"),
                Row.Udp64 => Flood([64], _durations.Udp, 1),
                Row.Udp1400 => Flood([Math.Min(1400, _hosts.Mtu - 28)], _durations.Udp, 1),
                Row.Flows => Flood([64], _durations.Udp, ManyFlows),
                Row.Mixed => Flood(MixedSizes, _durations.Udp, ManyFlows),
                Row.Rtt => RoundTrips(["pingpong", Address.Tenant(Side.Far), Port(), Text(_durations.RoundTrips)]),
                Row.Loaded => Loaded(),
                _ => throw new ArgumentOutOfRangeException(nameof(row)),
            };
        }
        catch (Exception e) when (e is InvalidOperationException or TimeoutException or IOException or JsonException)
        {
            return new Sample { Note = e.Message };
        }
    }

    private Sample Iperf(double seconds, params ReadOnlySpan<string> options)
    {
        var port = Port();
        using var server = StartIperfServer(port);
        using var client = StartIperfClient(port, seconds, options);
        return IperfReport.Parse(client.WaitForExit(TimeSpan.FromSeconds(seconds + 20)).StdOut);
    }

    private RunningProcess StartIperfServer(string port)
    {
        // Its report comes at the end, in one piece; what says that it listens is the socket.
        var far = _hosts.Tenant(Side.Far);
        var server = Cmd.Start(far, null, "iperf3", "-s", "-1", "-p", port);
        Wait.Until(() => server.HasExited || Cmd.Run(far, "ss", "-Hltn", $"sport = :{port}").StdOut.Length > 0, TimeSpan.FromSeconds(5), "iperf3 listens");
        return server;
    }

    private RunningProcess StartIperfClient(string port, double seconds, ReadOnlySpan<string> options) =>
        Cmd.Start(
            _hosts.Tenant(Side.Near), null,
            ["iperf3", "-c", Address.Tenant(Side.Far), "-p", port, "-t", Text(Math.Max(1, Math.Round(seconds))), "-J", "--connect-timeout", "3000", .. options]);

    private Sample Flood(IReadOnlyList<int> sizes, double seconds, int flows)
    {
        var port = Port();
        var addresses = _hosts.Layout == Layout.Many && flows > 1
            ? string.Join(',', Enumerable.Range(0, Address.FarVteps).Select(Address.FarTenant))
            : Address.Tenant(Side.Far);
        using var sink = StartTool(Side.Far, "sink", port, Text(seconds + 5));
        var sent = Tool<Blast.Result>(Side.Near, seconds + 15, "blast", addresses, port, string.Join(',', sizes.Select(s => Text(s))), Text(seconds), Text(flows));
        var got = Read<Sink.Result>(sink.WaitForExit(TimeSpan.FromSeconds(seconds + 15)));
        if (got.Received == 0) return new Sample { Note = "nothing arrived" };
        var time = Math.Max(sent.Seconds, got.Seconds);
        return new Sample
        {
            Values =
            {
                [Metric.Offered] = sent.Sent / sent.Seconds,
                [Metric.Delivered] = got.Received / time,
                [Metric.Loss] = 1 - (got.Received / (double)Math.Max(sent.Sent, 1)),
                [Metric.Gbps] = got.Octets * 8 / time / 1e9,
                [Metric.CpuPerFrame] = sent.BusySeconds * 1e6 / got.Received,
            },
        };
    }

    private Sample RoundTrips(ReadOnlySpan<string> command)
    {
        using var echo = StartTool(Side.Far, "echo", command[2]);
        var result = Tool<RoundTrips.Result>(Side.Near, 20, command);
        if (double.IsNaN(result.P50)) return new Sample { Note = $"none of {result.Sent} round trips was completed" };
        return new Sample
        {
            Values =
            {
                [Metric.P50] = result.P50,
                [Metric.P99] = result.P99,
                [Metric.P999] = result.P999,
                [Metric.RoundTrips] = result.PerSecond,
                [Metric.Loss] = result.Lost / (double)Math.Max(result.Sent, 1),
            },
        };
    }

    private Sample Loaded()
    {
        var port = Port();
        using var server = StartIperfServer(port);
        using var client = StartIperfClient(port, _durations.Probes + 1, ["-P", "4"]);
        // The streams have left slow start; the probes end before they do.
        Pause(TimeSpan.FromMilliseconds(400));
        var sample = RoundTrips(["probe", Address.Tenant(Side.Far), Port(), Text(_durations.Probes), Text(ProbesPerSecond)]);
        var streams = IperfReport.Parse(client.WaitForExit(TimeSpan.FromSeconds(_durations.Probes + 20)).StdOut);
        foreach (var metric in new[] { Metric.Gbps, Metric.Retransmits })
        {
            if (streams.Values.TryGetValue(metric, out var value)) sample.Values[metric] = value;
        }

        return sample.Note is null && streams.Note is not null ? sample with { Note = $"beside TCP streams that failed: {streams.Note}" } : sample;
    }

    private void Pause(TimeSpan time)
    {
        if (_cancel.WaitHandle.WaitOne(time)) throw new OperationCanceledException(_cancel);
    }

    private T Tool<T>(Side side, double limit, params ReadOnlySpan<string> command)
    {
        using var process = Cmd.Start(_hosts.Tenant(side), null, [Tools, .. command]);
        return Read<T>(process.WaitForExit(TimeSpan.FromSeconds(limit)));
    }

    private RunningProcess StartTool(Side side, params ReadOnlySpan<string> command)
    {
        var process = Cmd.Start(_hosts.Tenant(side), null, [Tools, .. command]);
        Wait.Until(() => process.HasExited || process.StdErr.Contains(TrafficCommand.Ready, StringComparison.Ordinal), TimeSpan.FromSeconds(5), "a traffic tool is ready");
        return process;
    }

    private static T Read<T>(CmdResult result) => JsonSerializer.Deserialize<T>(result.OrThrow().StdOut, TrafficCommand.Json)!;

    private static double Resident(int pid)
    {
        try
        {
            var line = File.ReadLines($"/proc/{pid}/status").FirstOrDefault(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
            return line is null ? 0 : double.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private string Port() => Text(++_port);

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}
