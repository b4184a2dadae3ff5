using System.CommandLine;
using System.Text.Json;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;
using Overlay.Cli.Tools;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl config</c>, of which <c>check</c> and <c>reload</c>.</summary>
internal static class ConfigVerb
{
    public const string DefaultFile = "/etc/overlay/overlayd.yaml";
    private static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(20);

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new(
            "config",
            "Check a configuration, see what it would change, have the daemon take it, save what is in force.",
            "overlayctl config check",
            "overlayctl config diff",
            "overlayctl config apply ./overlayd.yaml --save");
        verb.Subcommands.Add(CreateCheck(terminal));
        verb.Subcommands.Add(ConfigChangeVerbs.CreateDiff(terminal));
        verb.Subcommands.Add(ConfigChangeVerbs.CreateApply(terminal));
        verb.Subcommands.Add(ConfigChangeVerbs.CreateSave(terminal));
        verb.Subcommands.Add(CreateReload(terminal));
        return verb;
    }

    private static Verb CreateCheck(Terminal terminal)
    {
        Verb verb = new(
            "check",
            "Validate a configuration file without touching the daemon. Exit code 0 valid, 2 refused.",
            "overlayctl config check",
            "overlayctl config check ./overlayd.yaml -o json");
        Argument<string> file = new("FILE") { Description = "The file.", DefaultValueFactory = _ => DefaultFile };
        Option<string> overlayd = DaemonBinary.Option();
        Option<string> output = GlobalOptions.Output();
        verb.Arguments.Add(file);
        verb.Options.Add(overlayd);
        verb.Options.Add(output);
        verb.SetAction(async (parsed, cancellation) =>
        {
            string path = parsed.GetRequiredValue(file);
            if (DaemonBinary.Find(parsed.GetValue(overlayd)) is not { } binary) return terminal.Fail(DaemonBinary.Missing);
            ToolResult result = await Tool.RunAsync(binary, ["--check", path, "-o", "json"], CheckTimeout, cancellation);
            ConfigCheckResponse? answer = Parse(result.Output, ApiJsonContext.Default.ConfigCheckResponse);
            if (answer is null)
            {
                string said = result.FirstLine is { Length: > 0 } line ? line : $"exit code {result.ExitCode}";
                return terminal.Fail(new Failure(ExitCode.Failure, $"{binary} --check gave no answer: {said}", $"{Text.Quote(binary)} --check {Text.Quote(path)}"));
            }

            if (parsed.GetValue(output) == "json") Json.Print(terminal, result.Output);
            else ShowCheck(terminal, path, answer);
            return answer.Valid ? ExitCode.Ok : ExitCode.Usage;
        });
        return verb;
    }

    private static Verb CreateReload(Terminal terminal)
    {
        Verb verb = new(
            "reload",
            "Have the daemon read its configuration again; only what changed is touched. A bad one is refused whole and the old one stays.",
            "overlayctl config reload",
            "overlayctl config check && overlayctl config reload");
        Option<string> output = GlobalOptions.Output();
        verb.Options.Add(output);
        verb.SetAction(async (parsed, cancellation) =>
        {
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            AdminReply reply = await client.PostAsync("v1/config/reload", cancellation);
            bool json = parsed.GetValue(output) == "json" && reply.Failure is null;
            if (!reply.IsSuccess)
            {
                if (json) Json.Print(terminal, reply.Body);
                else if (reply.Failure is null && Parse(reply.Body, ApiJsonContext.Default.ErrorResponse) is { Errors: { } errors }) ShowProblems(terminal, errors, "error", Tone.Bad);
                return terminal.Fail(client.Explain(reply));
            }

            (ConfigReloadResponse? answer, Failure? failure) = client.Read(reply, ApiJsonContext.Default.ConfigReloadResponse);
            if (answer is null) return terminal.Fail(failure!);
            if (json) Json.Print(terminal, reply.Body);
            else ShowReload(terminal, answer);
            return ExitCode.Ok;
        });
        return verb;
    }

    public static T? Parse<T>(string body, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(body, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void ShowCheck(Terminal terminal, string path, ConfigCheckResponse answer)
    {
        ShowProblems(terminal, answer.Errors, "error", Tone.Bad);
        ShowProblems(terminal, answer.Warnings, "warning", Tone.Warn);
        terminal.Write(answer.Valid ? "valid" : "refused", answer.Valid ? Tone.Good : Tone.Bad);
        terminal.Out.Write($"  {Text.Escape(path)}  {Text.Count(answer.Errors.Count, "error")}, {Text.Count(answer.Warnings.Count, "warning")}");
        terminal.Out.WriteLine(answer.Valid ? string.Empty : $". Next: overlayctl config check {Text.Quote(path)} (after correcting it)");
    }

    private static void ShowReload(Terminal terminal, ConfigReloadResponse answer)
    {
        ShowProblems(terminal, answer.Warnings, "warning", Tone.Warn);
        terminal.Write("reloaded", Tone.Good);
        terminal.Out.WriteLine($"  config {answer.Revision}  {(answer.Changes.Count == 0 ? "nothing changed" : Text.Count(answer.Changes.Count, "change"))}");
        foreach (string change in answer.Changes) terminal.Out.WriteLine("  " + Text.Escape(change));
        foreach (string undone in answer.Undone ?? []) terminal.Problem($"undone, because it was not saved: {undone}", next: null);
    }

    public static void ShowProblems(Terminal terminal, IReadOnlyList<ConfigProblem> problems, string kind, Tone tone)
    {
        foreach (ConfigProblem p in problems)
        {
            string place = (p.Line, p.Column) switch
            {
                ( <= 0, _) => p.File,
                (_, <= 0) => $"{p.File}:{p.Line}",
                _ => $"{p.File}:{p.Line}:{p.Column}",
            };
            terminal.Out.Write($"{Text.Escape(place)}: ");
            terminal.Write(kind, tone);
            string key = p.Key.Length == 0 ? string.Empty : Text.Escape(p.Key) + ": ";
            terminal.Out.WriteLine($": {key}{Text.Escape(p.Message)}");
        }
    }
}
