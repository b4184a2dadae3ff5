using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Doctor;

/// <summary>Encapsulated probes of every peer: whether frames reach it and come back, VNI by VNI. An address whose VNIs all fare alike is one line.</summary>
internal static class ProbeChecks
{
    private const string Check = "probe";

    public static async Task<IReadOnlyList<DoctorLine>> OfAsync(StatusResponse status, AdminClient client, CancellationToken cancellation)
    {
        if (status.Peers.Count == 0) return [];
        AdminReply reply = await client.PostAsync("v1/probe", cancellation);
        (ProbeResponse? answer, Failure? failure) = client.Read(reply, ApiJsonContext.Default.ProbeResponse);
        if (answer is null) return [DoctorLine.Warn(Check, $"peers were not probed: {failure!.Message}", failure.Next)];
        List<DoctorLine> lines = [.. answer.Probes.GroupBy(p => (p.Peer, p.Address, p.Encap, p.State)).Select(group => Line([.. group], answer, client))];
        if (answer.LeftOut > 0) lines.Add(DoctorLine.Ok(Check, $"{answer.LeftOut} VNIs and addresses of peers with many were left out"));
        return lines;
    }

    private static DoctorLine Line(IReadOnlyList<ProbeInfo> rows, ProbeResponse answer, AdminClient client)
    {
        ProbeInfo first = rows[0];
        string where = $"peer {first.Peer}, {Text.EndPoint(first.Address, first.Port)} by {first.Encap}, VNI {string.Join(", ", rows.Take(8).Select(r => Text.Number(r.Vni)))}{(rows.Count > 8 ? " ..." : "")}";
        int sent = rows.Sum(r => r.Sent);
        int answered = rows.Sum(r => r.Answered);
        string by = first.AnsweredFrom is { } other ? $" by {other}" : string.Empty;
        return first.State switch
        {
            "answered" => DoctorLine.Ok(Check, $"{where}: answered{by} in {Text.Latency(rows.Min(r => r.RttSeconds))}"),
            "partly" => DoctorLine.Warn(Check, $"{where}: {answered} of {sent} probes answered{by}: frames are lost on the way", client.Hint("drops --watch")),
            "not_sent" => NotSent(where, first),
            _ => DoctorLine.Warn(Check, $"{where}: sent, not answered (peer is not overlayd?); {Known(first, answer)}", Next(first, answer, client)),
        };
    }

    private static DoctorLine NotSent(string where, ProbeInfo row) => row.Reason == "underlay_send_refused"
        ? DoctorLine.Fail(Check, $"{where}: the kernel refuses to send (EPERM): the output chain of a local firewall drops it", "nft list ruleset; iptables -S OUTPUT")
        : DoctorLine.Fail(Check, $"{where}: not sent ({row.Reason})", $"ip route get {row.Address}");

    // A foreign VTEP cannot answer; what else is known tells whether it is there.
    private static string Known(ProbeInfo row, ProbeResponse answer)
    {
        List<string> known = [row.RxFrames > 0 ? $"{Text.Number(row.RxFrames)} frames came from it, so it is there" : "no frame ever came from it"];
        foreach ((string name, long count) in answer.NetworkErrors) known.Add($"meanwhile the network reported {name} {count} times{(name == "ECONNREFUSED" ? " (nobody listens on that port)" : "")}");
        if (row.PathMtu is { } mtu) known.Add($"path MTU {mtu}");
        return string.Join("; ", known);
    }

    private static string Next(ProbeInfo row, ProbeResponse answer, AdminClient client) =>
        row.RxFrames > 0 ? client.Hint($"doctor mtu {Text.Quote(row.Peer)}")
        : answer.NetworkErrors.ContainsKey("ECONNREFUSED") ? $"ss -lun 'sport = :{row.Port}'   # on {row.Peer}"
        : $"ping -c 3 {row.Address}; tcpdump -ni any host {row.Address} and udp port {row.Port}";
}
