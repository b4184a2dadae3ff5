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

    private static bool IsBlackHole(MtuPeer peer) => peer.SilentLastMinute > 0;

    private static void Show(List<MtuPeer> peers, IReadOnlyList<MtuPort> ports, Terminal terminal, AdminClient client)
    {
        Table table = new("PEER", "ADDRESS", "?ENCAP", "?>LINK MTU", ">PATH MTU", "?KNOWN FROM", "?>OVERHEAD", ">OVERLAY MTU", "?>TOO BIG", "?>TOLD", ">SILENT", ">LAST MIN");
        foreach (MtuPeer p in peers)
        {
            int? path = p.OverlayMtu + p.Overhead;
            table.Add(
                p.Peer,
                p.Address,
                p.Encap,
                Text.Number(p.LinkMtu),
                Text.Number(path),
                KnownFrom(p),
                p.Overhead,
                Text.Number(p.OverlayMtu),
                new Cell(Text.Number(p.TooBigFrames), p.TooBigFrames > 0 ? Tone.Warn : Tone.Plain),
                p.ToldFrames,
                p.SilentFrames,
                new Cell(Text.Number(p.SilentLastMinute), IsBlackHole(p) ? Tone.Bad : Tone.Plain));
        }

        table.WriteTo(terminal);
        terminal.Out.WriteLine();
        Table devices = new("PORT", "DEVICE", ">MTU", "SET BY", ">LEAST OVERLAY MTU", "FITS");
        foreach (MtuPort port in ports)
        {
            int? least = LeastOf(port, peers)?.OverlayMtu;
            bool fits = Taken(port) is not { } taken || least is not { } limit || taken <= limit;
            devices.Add(port.Port, DeviceOf(port), Text.Number(port.Mtu), port.Auto ? "auto" : "configuration", Text.Number(least), new Cell(fits ? "yes" : "no", fits ? Tone.Good : Tone.Warn));
        }

        devices.WriteTo(terminal);
        foreach (MtuPort port in ports)
            Advise(port, LeastOf(port, peers), terminal, client);
        foreach (MtuPeer peer in peers)
            Warn(peer, terminal);
    }

    private static void Advise(MtuPort port, MtuPeer? least, Terminal terminal, AdminClient client)
    {
        if (port is { Refused: true, Mtu: { } mtu, Limit: { } wanted })
        {
            string ip = port.Netns is null ? "ip" : $"ip -n {port.Netns}";
            terminal.Problem($"port {port.Port}: its device has MTU {mtu} and did not take {wanted} from us; what is longer is not taken from it", $"{ip} link set {port.Device} mtu {wanted}");
        }

        // A command that sets an automatic port's device would be undone by the daemon.
        if (Taken(port) is { } taken && least is { OverlayMtu: { } limit } && taken > limit)
        {
            terminal.Problem(
                $"port {port.Port} has MTU {taken}, and the path to peer {least.Peer} takes {limit}: senders that can be told are told",
                port.Auto
                    ? $"if it stays so for a minute a TAP that is in no bridge follows; set ports.{port.Port}.mtu to {limit} to have it for good, then {client.Hint("config reload")}"
                    : $"set ports.{port.Port}.mtu to {limit} or auto, then {client.Hint("config reload")}");
        }
    }

    private static void Warn(MtuPeer peer, Terminal terminal)
    {
        if (IsBlackHole(peer))
        {
            terminal.Problem(
                $"black hole: {peer.SilentLastMinute} frames to peer {peer.Peer} in the last minute were too long for the path, and nobody could be told (not IP, IPv4 that asks to be fragmented, which a bridge does not do, or copies of flooded frames)",
                $"raise the underlay's MTU by {peer.Overhead} or more, or lower the ports' mtu to {peer.OverlayMtu}");
        }

        if (peer.RefusedMtu is { } refused)
        {
            terminal.Problem(
                $"ICMP says that the path to peer {peer.Peer} takes {refused}, which is under listen.path_mtu_min and not believed",
                $"if it is true, set listen.path_mtu_min to {refused} and restart; if not, somebody forges it");
        }
    }

    private static string KnownFrom(MtuPeer peer)
    {
        if (peer.ToldMtu is null)
            return peer.LinkMtu is null ? "-" : "link";
        return peer.ToldBy == "kernel" ? "kernel" : $"network {Text.Duration(peer.ToldSecondsAgo ?? 0)} ago";
    }

    private static MtuPeer? LeastOf(MtuPort port, List<MtuPeer> peers) =>
        peers.Where(p => p.OverlayMtu is not null && p.Vnis.Intersect(port.Vnis).Any()).MinBy(static p => p.OverlayMtu);

    private static int? Taken(MtuPort port) => port.Limit ?? port.Mtu;

    private static string DeviceOf(MtuPort port) => port.Netns is null ? port.Device : $"{port.Netns}/{port.Device}";
}
