using System.Text.Json;

namespace Overlay.EndToEnd.Measuring;

/// <summary>What <c>iperf3 -J</c> says.</summary>
internal static class IperfReport
{
    /// <summary>Gb/s and gigabytes received, both ways together, and retransmits; a sample with a note if there is no such thing in it.</summary>
    public static Sample Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.TryGetProperty("error", out var error)) return new Sample { Note = error.GetString() };
            var end = root.GetProperty("end");
            var sample = new Sample { Values = { [Metric.Gbps] = 0, [Metric.Gigabytes] = 0, [Metric.Retransmits] = 0 } };
            foreach (var suffix in new[] { "", "_bidir_reverse" })
            {
                if (!end.TryGetProperty("sum_received" + suffix, out var received)) continue;
                sample.Values[Metric.Gbps] += received.GetProperty("bits_per_second").GetDouble() / 1e9;
                sample.Values[Metric.Gigabytes] += received.GetProperty("bytes").GetDouble() / 1e9;
                if (end.GetProperty("sum_sent" + suffix).TryGetProperty("retransmits", out var retransmits))
                    sample.Values[Metric.Retransmits] += retransmits.GetDouble();
            }

            return sample.Values[Metric.Gigabytes] > 0 ? sample : new Sample { Note = "nothing was received" };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return new Sample { Note = $"iperf3's report could not be read: {e.Message}" };
        }
    }
}
