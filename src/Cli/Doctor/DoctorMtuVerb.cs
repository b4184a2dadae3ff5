using System.CommandLine;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;
using Overlay.Cli.Verbs;

namespace Overlay.Cli.Doctor;

/// <summary><c>overlayctl doctor mtu</c>: what the path to each peer takes, whether the ports fit, and what to set.</summary>
internal static class DoctorMtuVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new(
            "mtu",
            "What the path to each peer takes, what is left for a tenant's packet, whether the ports fit. Exit code 1 if frames vanish without a word.",
            "overlayctl doctor mtu",
            "overlayctl doctor mtu b",
            "overlayctl doctor mtu -o json | jq '.peers[] | {peer, overlay_mtu, too_big_frames}'");
        Argument<string?> peer = new("PEER") { Description = "One peer only.", Arity = ArgumentArity.ZeroOrOne };
        Option<string> output = GlobalOptions.Output();
        verb.Arguments.Add(peer);
        verb.Options.Add(output);
        verb.SetAction(async (parsed, cancellation) =>
        {
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            AdminReply reply = await client.GetAsync("v1/mtu", cancellation);
            (MtuResponse? mtu, Failure? failure) = client.Read(reply, ApiJsonContext.Default.MtuResponse);
            if (mtu is null) return terminal.Fail(failure!);
            List<MtuPeer> peers = [.. mtu.Peers.Where(p => parsed.GetValue(peer) is not { } wanted || p.Peer == wanted)];
            if (peers.Count == 0) return terminal.Fail(new Failure(ExitCode.Failure, "there is no such peer", client.Hint("status")));
            if (parsed.GetValue(output) == "json") Json.Print(terminal, reply.Body);
            else Show(peers, mtu.Ports, terminal, client);
            return peers.Exists(IsBlackHole) ? ExitCode.Failure : ExitCode.Ok;
        });
        return verb;
    }

    // The first frame over a limit that nobody knew yet is always lost; a sender that is told repeats it.
    private static bool IsBlackHole(MtuPeer peer) => peer.TooBigFrames > peer.ToldFrames && peer.ToldFrames == 0;

    private static void Show(List<MtuPeer> peers, IReadOnlyList<MtuPort> ports, Terminal terminal, AdminClient client)
    {
        Table table = new("PEER", "ADDRESS", "ENCAP", ">LINK MTU", ">PATH MTU", "KNOWN FROM", ">OVERHEAD", ">OVERLAY MTU", ">TOO BIG", ">TOLD");
        foreach (MtuPeer p in peers)
        {
            string from = p.ToldMtu is null ? p.LinkMtu is null ? "-" : "link" : $"network {Text.Duration(p.ToldSecondsAgo ?? 0)} ago";
            int? path = p.OverlayMtu + p.Overhead;
            table.Add(
                p.Peer,
                p.Address,
                p.Encap,
                Text.Number(p.LinkMtu),
                Text.Number(path),
                from,
                p.Overhead,
                Text.Number(p.OverlayMtu),
                new Cell(Text.Number(p.TooBigFrames), p.TooBigFrames > 0 ? Tone.Warn : Tone.Plain),
                p.ToldFrames);
        }

        table.WriteTo(terminal);
        terminal.Out.WriteLine();
        Table devices = new("PORT", "DEVICE", ">MTU", "SET BY", ">LEAST OVERLAY MTU", "FITS");
        foreach (MtuPort port in ports)
        {
            int? least = LeastOf(port, peers)?.OverlayMtu;
            bool fits = port.Mtu is not { } mtu || least is not { } limit || mtu <= limit;
            devices.Add(port.Port, DeviceOf(port), Text.Number(port.Mtu), port.Auto ? "auto" : "configuration", Text.Number(least), new Cell(fits ? "yes" : "no", fits ? Tone.Good : Tone.Warn));
        }

        devices.WriteTo(terminal);
        foreach (MtuPort port in ports)
        {
            if (LeastOf(port, peers) is { OverlayMtu: { } limit } peer && port.Mtu > limit)
            {
                string ip = port.Netns is null ? "ip" : $"ip -n {port.Netns}";
                terminal.Problem(
                    $"port {port.Port} has MTU {port.Mtu}, and the path to peer {peer.Peer} takes {limit}: senders that can be told are told",
                    port.Auto ? $"{ip} link set {port.Device} mtu {limit}" : $"set ports.{port.Port}.mtu to {limit} or auto, then {client.Hint("config reload")}");
            }
        }

        foreach (MtuPeer peer in peers.Where(IsBlackHole))
        {
            terminal.Problem(
                $"black hole: {peer.TooBigFrames} frames to peer {peer.Peer} were too long for the path, and nobody could be told (not IP, or IPv4 that asks to be fragmented, which a bridge does not do)",
                $"raise the underlay's MTU by {peer.Overhead} or more, or lower the ports' mtu to {peer.OverlayMtu}");
        }
    }

    private static MtuPeer? LeastOf(MtuPort port, List<MtuPeer> peers) =>
        peers.Where(p => p.OverlayMtu is not null && p.Vnis.Intersect(port.Vnis).Any()).MinBy(static p => p.OverlayMtu);

    private static string DeviceOf(MtuPort port) => port.Netns is null ? port.Device : $"{port.Netns}/{port.Device}";
}
