using System.CommandLine;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary>Verbs that list one table of the status: <c>port list</c>, <c>peer list</c>.</summary>
internal static class StatusPart
{
    /// <summary>Makes a verb <c>list</c>.</summary>
    /// <param name="terminal">Where to.</param>
    /// <param name="description">What it lists.</param>
    /// <param name="member">The table's name in the API's answer.</param>
    /// <param name="show">Shows it as a table.</param>
    /// <param name="examples">Command lines for the help.</param>
    public static Verb List(Terminal terminal, string description, string member, Action<StatusResponse, Terminal, AdminClient> show, params string[] examples)
    {
        Verb verb = new("list", description, examples);
        Option<string> output = GlobalOptions.Output();
        verb.Options.Add(output);
        verb.SetAction(async (parsed, cancellation) =>
        {
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            AdminReply reply = await client.GetAsync("v1/status", cancellation);
            (StatusResponse? status, Failure? failure) = client.Read(reply, ApiJsonContext.Default.StatusResponse);
            if (status is null) return terminal.Fail(failure!);
            if (parsed.GetValue(output) == "json") Json.PrintMember(terminal, reply.Body, member);
            else show(status, terminal, client);
            return ExitCode.Ok;
        });
        return verb;
    }
}
