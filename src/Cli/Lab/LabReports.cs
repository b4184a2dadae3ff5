namespace Overlay.Cli.Lab;

/// <summary>What <c>lab status -o json</c> prints.</summary>
internal sealed record LabStatusReport(string Name, string Encap, string Underlay, bool Ready, IReadOnlyList<LabVtepReport> Vteps);

/// <summary>One host: <c>state</c> is <c>ready</c>, <c>starting</c> or <c>dead</c>.</summary>
internal sealed record LabVtepReport(
    string Vtep, string Netns, string UnderlayAddress, string OverlayV4, string OverlayV6, string Tap, int? Mtu, int? Pid, string State, string Socket, string Log);

/// <summary>What <c>lab ping -o json</c> prints.</summary>
internal sealed record LabPingReport(IReadOnlyList<LabPingResult> Pings);

/// <summary>One ping: counts, loss 0–1, round-trip times in seconds (null without an answer).</summary>
internal sealed record LabPingResult(
    string From, string To, string Address, int Sent, int Received, double LossRatio, double? RttMinSeconds, double? RttAvgSeconds, double? RttMaxSeconds);

/// <summary>What <c>lab iperf -o json</c> prints: one TCP measurement.</summary>
internal sealed record LabIperfReport(string From, string To, int Streams, double Seconds, long Bytes, double BitsPerSecond, long? Retransmits);
