using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using System.Text.Json.Nodes;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl version</c>: ours and the daemon's.</summary>
internal static class VersionVerb
{
    private const int CommitLength = 12;

    /// <summary>The version of this build, and the commit where it is known.</summary>
    public static string Current { get; } = Describe(
        typeof(VersionVerb).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown");

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("version", "The version of this tool and, where it runs, of the daemon.", "overlayctl version", "overlayctl --version");
        Option<string> output = GlobalOptions.Output();
        verb.Options.Add(output);
        verb.SetAction(async (parsed, cancellation) =>
        {
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            AdminReply reply = await client.GetAsync("v1/status", cancellation);
            (StatusResponse? status, _) = client.Read(reply, ApiJsonContext.Default.StatusResponse);
            if (parsed.GetValue(output) == "json")
            {
                Json.Print(terminal, new JsonObject { ["overlayctl"] = Current, ["overlayd"] = status?.Version }.ToJsonString());
                return ExitCode.Ok;
            }

            terminal.Out.WriteLine($"overlayctl {Current}");
            terminal.Out.WriteLine(status is null ? "overlayd   not running" : $"overlayd   {Text.Escape(status.Version)}");
            return ExitCode.Ok;
        });
        return verb;
    }

    private static string Describe(string version)
    {
        string[] parts = version.Split('+', 2);
        return parts.Length == 1 ? version : $"{parts[0]}+{parts[1][..Math.Min(CommitLength, parts[1].Length)]}";
    }
}

/// <summary><c>overlayctl --version</c>.</summary>
internal sealed class VersionAction(Terminal terminal) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        terminal.Out.WriteLine($"overlayctl {VersionVerb.Current}");
        return ExitCode.Ok;
    }
}
