using System.Globalization;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop;

/// <summary>What <c>ping</c> says at its end.</summary>
/// <param name="Sent">Requests.</param>
/// <param name="Received">Answers.</param>
public sealed record PingSummary(int Sent, int Received)
{
    /// <summary>Requests without an answer. The very last one may have been on its way when ping was stopped and does not count.</summary>
    public int Lost => Math.Max(0, Sent - Received - 1);

    /// <summary>Stops a running ping and reads its summary.</summary>
    public static PingSummary Stop(RunningProcess ping)
    {
        ping.Interrupt();
        var output = ping.WaitForExit(TimeSpan.FromSeconds(10)).StdOut;
        var line = output.Split('\n').SingleOrDefault(l => l.Contains("packets transmitted", StringComparison.Ordinal));
        Assert.True(line is not null, output);
        var numbers = line.Split(' ').Where(w => int.TryParse(w, out _)).Select(w => int.Parse(w, CultureInfo.InvariantCulture)).ToArray();
        return new PingSummary(numbers[0], numbers[1]);
    }
}
