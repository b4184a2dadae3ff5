using System.CommandLine;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl control guard</c> and <c>control approve</c>: what control planes took back in masses.</summary>
internal static class ControlVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("control", "Control planes: what they took back in masses and the daemon holds.", "overlayctl control guard", "overlayctl control approve --plane evpn");
        verb.Subcommands.Add(CreateGuard(terminal));
        verb.Subcommands.Add(CreateApprove(terminal));
        return verb;
    }

    private static Verb CreateGuard(Terminal terminal)
    {
        Verb verb = new(
            "guard",
            "What control planes took back in masses and is held: in force, stale, until it is given again, approved, or the time is over.",
            "overlayctl control guard",
            "overlayctl control guard --watch",
            "overlayctl control guard -o json | jq '.planes[] | select(.held > 0)'");
        View.Attach(verb, terminal, static _ => "v1/control/guard", ApiJsonContext.Default.GuardResponse, (_, guard, client) => Show(guard, terminal, client));
        return verb;
    }

    private static Verb CreateApprove(Terminal terminal)
    {
        Verb verb = new(
            "approve",
            "Let go now what is held, of one control plane or of all: it was meant.",
            "overlayctl control approve --plane evpn",
            "overlayctl control approve --all");
        Option<string?> plane = new("--plane") { Description = "What this control plane took back.", HelpName = "NAME" };
        Option<bool> all = new("--all") { Description = "All that is held." };
        Option<string> output = GlobalOptions.Output();
        foreach (Option option in (ReadOnlySpan<Option>)[plane, all, output]) verb.Options.Add(option);
        verb.Validators.Add(result =>
        {
            if (result.GetResult(plane) is not null == result.GetResult(all) is not null) result.AddError("name a control plane with '--plane', or say '--all'");
        });
        verb.SetAction(async (parsed, cancellation) =>
        {
            string query = parsed.GetValue(plane) is { } name ? $"?plane={Uri.EscapeDataString(name)}" : "?all=true";
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            AdminReply reply = await client.PostAsync("v1/control/approve" + query, cancellation);
            (GuardApproveResponse? answer, Failure? failure) = client.Read(reply, ApiJsonContext.Default.GuardApproveResponse);
            if (answer is null) return terminal.Fail(failure!);
            if (parsed.GetValue(output) == "json") Json.Print(terminal, reply.Body);
            else terminal.Out.WriteLine(answer.Approved == 0 ? "nothing that was named is held" : $"{answer.Approved} held {(answer.Approved == 1 ? "entry goes" : "entries go")} now");
            return ExitCode.Ok;
        });
        return verb;
    }

    private static void Show(GuardResponse guard, Terminal terminal, AdminClient client)
    {
        Table table = new("PLANE", "GUARDED", ">ENTRIES", ">HELD", ">FOR", ">LEFT", ">HELD IN ALL", ">GIVEN AGAIN", ">APPROVED", ">RELEASED");
        foreach (GuardInfo p in guard.Planes)
        {
            table.Add(
                p.Plane,
                p.Guarded ? "yes" : "no",
                p.Entries,
                new Cell(Text.Number(p.Held), p.Held > 0 ? Tone.Warn : Tone.Plain),
                p.HeldSeconds is { } since ? Text.Duration(since) : "-",
                p.LeftSeconds is { } left ? Text.Duration(left) : "-",
                p.HeldTotal,
                p.GivenAgain,
                p.Approved,
                p.Released);
        }

        table.WriteTo(terminal);
        foreach (GuardInfo p in guard.Planes.Where(static p => p.Held > 0))
        {
            terminal.Problem($"{p.Held} of {p.Entries} entries of {Text.Escape(p.Plane)} were taken back at once and are held. If it is meant", client.Hint($"control approve --plane {Text.Escape(p.Plane)}"), Tone.Warn);
        }
    }
}
