using System.CommandLine;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Completion;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl completion bash|zsh|fish</c>, and what the scripts ask for while the operator types.</summary>
internal static class CompletionVerb
{
    /// <summary>Somebody waits with a finger on the Tab key.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new(
            "completion",
            "Completion of verbs, options and names for a shell. Packages bring it along; this prints it for other installations.",
            "overlayctl completion bash > /etc/bash_completion.d/overlayctl",
            "source <(overlayctl completion zsh)");
        verb.Subcommands.Add(CreateScript(
            terminal, "bash", BashScript.Render, "overlayctl completion bash > /etc/bash_completion.d/overlayctl", "source <(overlayctl completion bash)"));
        verb.Subcommands.Add(CreateScript(
            terminal, "zsh", ZshScript.Render, "overlayctl completion zsh > /usr/local/share/zsh/site-functions/_overlayctl", "source <(overlayctl completion zsh)"));
        verb.Subcommands.Add(CreateScript(
            terminal, "fish", FishScript.Render, "overlayctl completion fish > ~/.config/fish/completions/overlayctl.fish", "overlayctl completion fish | source"));
        verb.Subcommands.Add(CreateNames(terminal));
        return verb;
    }

    private static Verb CreateScript(Terminal terminal, string shell, Func<CommandShape, string> render, params string[] examples)
    {
        Verb verb = new(shell, $"The script for {shell}.", [$"overlayctl completion {shell}", .. examples]);
        verb.SetAction(_ =>
        {
            terminal.Out.Write(render(CommandShape.Of(CommandTree.Create(terminal))));
            return ExitCode.Ok;
        });
        return verb;
    }

    private static Verb CreateNames(Terminal terminal)
    {
        Verb verb = new("names", "Names that the running daemon knows, one a line; nothing when it does not answer at once.", "overlayctl completion names vnis") { Hidden = true };
        Argument<string> kind = new("KIND") { Description = "What to name.", HelpName = "vnis|peers|ports" };
        verb.Arguments.Add(kind);
        verb.SetAction(async (parsed, cancellation) =>
        {
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(Patience);
            try
            {
                using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
                (StatusResponse? status, _) = client.Read(await client.GetAsync("v1/status", limit.Token), ApiJsonContext.Default.StatusResponse);
                if (status is null) return ExitCode.Ok;
                foreach (string name in Names(status, parsed.GetRequiredValue(kind)).Where(IsPlain)) terminal.Out.WriteLine(name);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // Silence: the operator goes on typing.
            }

            return ExitCode.Ok;
        });
        return verb;
    }

    private static IEnumerable<string> Names(StatusResponse status, string kind) => kind switch
    {
        "vnis" => status.Vnis.Select(v => Text.Number(v.Vni)),
        "peers" => status.Peers.Select(p => p.Peer).Distinct(StringComparer.Ordinal),
        "ports" => status.Ports.Select(p => p.Port),
        _ => [],
    };

    /// <summary>What a shell takes as it is. The configuration allows no other names; what else answers on a socket is not asked.</summary>
    private static bool IsPlain(string name) => name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or ':');
}
