using System.CommandLine;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl log level</c>.</summary>
internal static class LogVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("log", "What the daemon logs while it runs.", "overlayctl log level", "overlayctl log level debug");
        verb.Subcommands.Add(CreateLevel(terminal));
        return verb;
    }

    private static Verb CreateLevel(Terminal terminal)
    {
        Verb verb = new(
            "level",
            "Show or set the least level that is logged, until the next reload or start. For good it is log.level of the configuration.",
            "overlayctl log level",
            "overlayctl log level debug && journalctl -fu overlayd");
        Argument<string?> level = new("LEVEL") { Description = "The level; without, it is shown.", HelpName = "trace|debug|info|warning|error", Arity = ArgumentArity.ZeroOrOne };
        level.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: not ("trace" or "debug" or "info" or "warning" or "error") } token]) result.AddError($"LEVEL is trace, debug, info, warning or error, not '{token.Value}'");
        });
        Option<string> output = GlobalOptions.Output();
        verb.Arguments.Add(level);
        verb.Options.Add(output);
        verb.SetAction(async (parsed, cancellation) =>
        {
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            AdminReply reply = await client.PostAsync(parsed.GetValue(level) is { } wanted ? $"v1/log/level?level={wanted}" : "v1/log/level", cancellation);
            (LogLevelResponse? answer, Failure? failure) = client.Read(reply, ApiJsonContext.Default.LogLevelResponse);
            if (answer is null) return terminal.Fail(failure!);
            if (parsed.GetValue(output) == "json") Json.Print(terminal, reply.Body);
            else terminal.Out.WriteLine($"log level {Text.Escape(answer.Level)}{(answer.Level == answer.Configured ? "" : $"  (configured: {Text.Escape(answer.Configured)})")}");
            return ExitCode.Ok;
        });
        return verb;
    }
}
