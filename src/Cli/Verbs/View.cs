using System.CommandLine;
using System.Text.Json.Serialization.Metadata;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary>A verb that shows one resource of the API: once, as JSON, or again and again.</summary>
internal static class View
{
    /// <summary>Adds <c>-o</c>, <c>--watch</c> and <c>--interval</c> to a verb, and what it does.</summary>
    /// <param name="verb">The verb.</param>
    /// <param name="terminal">Where it writes.</param>
    /// <param name="resource">The resource, of a command line.</param>
    /// <param name="type">How the answer is read.</param>
    /// <param name="show">Shows it.</param>
    /// <param name="code">Its exit code; 0 without.</param>
    public static void Attach<T>(
        Verb verb, Terminal terminal, Func<ParseResult, string> resource, JsonTypeInfo<T> type, Action<ParseResult, T, AdminClient> show, Func<T, int>? code = null)
        where T : class
    {
        Option<string> output = GlobalOptions.Output();
        (Option<bool> watch, Option<double> interval) = GlobalOptions.Watching();
        verb.Options.Add(output);
        verb.Options.Add(watch);
        verb.Options.Add(interval);
        verb.SetAction(async (parsed, cancellation) =>
        {
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            bool json = parsed.GetValue(output) == "json";
            return await Watcher.RunAsync(
                terminal, parsed.GetValue(watch), TimeSpan.FromSeconds(parsed.GetValue(interval)), token => LookAsync(client, json, parsed, token), cancellation);
        });

        async Task<Look> LookAsync(AdminClient client, bool json, ParseResult parsed, CancellationToken cancellation)
        {
            AdminReply reply = await client.GetAsync(resource(parsed), cancellation);
            (T? value, Failure? failure) = client.Read(reply, type);
            if (value is null) return new Look(failure!.Code, null, failure);
            return new Look(code?.Invoke(value) ?? ExitCode.Ok, json ? () => Json.Print(terminal, reply.Body) : () => show(parsed, value, client), null, Spaced: !json);
        }
    }
}
