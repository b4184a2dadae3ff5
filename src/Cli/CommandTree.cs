using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Overlay.Cli.Doctor;
using Overlay.Cli.Lab;
using Overlay.Cli.Native;
using Overlay.Cli.Screen;
using Overlay.Cli.Support;
using Overlay.Cli.Top;
using Overlay.Cli.Verbs;

namespace Overlay.Cli;

/// <summary>All verbs, and the one place where a command line turns into an exit code.</summary>
internal static class CommandTree
{
    /// <summary>Time a verb has to clean up after an interrupt before the process ends anyway.</summary>
    private static readonly TimeSpan CleanUpTimeout = TimeSpan.FromSeconds(30);

    /// <summary>What help of the whole tool ends with: the first minutes with it.</summary>
    public static IReadOnlyList<string> Examples { get; } =
    [
        "overlayctl doctor",
        "overlayctl lab up",
        "overlayctl status --watch",
        "overlayctl drops",
        "overlayctl fdb why 02:00:00:00:00:02 --vni 100",
    ];

    public static RootCommand Create(Terminal terminal)
    {
        RootCommand root = new("overlayctl - look at and steer overlayd, the VXLAN and Geneve overlay daemon.");
        root.Options.Add(GlobalOptions.Socket);
        root.Subcommands.Add(DoctorVerb.Create(terminal));
        root.Subcommands.Add(LabVerb.Create(terminal));
        root.Subcommands.Add(StatusVerb.Create(terminal));
        root.Subcommands.Add(TopVerb.Create(terminal));
        root.Subcommands.Add(HealthVerb.Create(terminal));
        root.Subcommands.Add(FdbVerb.Create(terminal));
        root.Subcommands.Add(VniVerb.Create(terminal));
        root.Subcommands.Add(DropsVerb.Create(terminal));
        root.Subcommands.Add(NeighborsVerb.Create(terminal));
        root.Subcommands.Add(StormVerb.Create(terminal));
        root.Subcommands.Add(ControlVerb.Create(terminal));
        root.Subcommands.Add(EvpnVerb.Create(terminal));
        root.Subcommands.Add(EtcdVerb.Create(terminal));
        root.Subcommands.Add(PortVerb.Create(terminal));
        root.Subcommands.Add(PeerVerb.Create(terminal));
        root.Subcommands.Add(MacVerb.Create(terminal));
        root.Subcommands.Add(ConfigVerb.Create(terminal));
        root.Subcommands.Add(EventsVerb.Create(terminal));
        root.Subcommands.Add(LogVerb.Create(terminal));
        root.Subcommands.Add(SupportBundleVerb.Create(terminal));
        root.Subcommands.Add(DecodeVerb.Create(terminal));
        root.Subcommands.Add(CompletionVerb.Create(terminal));
        root.Subcommands.Add(ManualVerb.Create(terminal));
        root.Subcommands.Add(VersionVerb.Create(terminal));
        foreach (Option option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction help } helpOption) helpOption.Action = new HelpWithExamples(help);
            if (option is VersionOption version) version.Action = new VersionAction(terminal);
        }

        return root;
    }

    /// <summary>Runs one command line. Never throws: what goes wrong becomes a sentence and an exit code.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, Terminal terminal, CancellationToken cancellation)
    {
        try
        {
            int code = await ParseAndRunAsync(arguments, terminal, cancellation);
            await terminal.Out.FlushAsync(CancellationToken.None);
            return code;
        }
        catch (BrokenPipeException)
        {
            return ExitCode.BrokenPipe;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception e)
        {
            return terminal.Fail(new Failure(ExitCode.Failure, $"unexpected {e.GetType().Name}: {e.Message}", "overlayctl doctor"));
        }
    }

    private static async Task<int> ParseAndRunAsync(IReadOnlyList<string> arguments, Terminal terminal, CancellationToken cancellation)
    {
        RootCommand root = Create(terminal);

        // A file name that begins with @ is a file name.
        ParseResult parsed = CommandLineParser.Parse(root, arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        bool asksForHelp = parsed.Action is HelpWithExamples or VersionAction;
        if (!asksForHelp && parsed.Errors.Count > 0)
        {
            string path = PathOf(parsed.CommandResult);


            // A misspelt verb is also a missing one: the first is what helps.
            bool isMisspelt = parsed.UnmatchedTokens.Count > 0;
            foreach (ParseError error in parsed.Errors.Where(error => !isMisspelt || error.SymbolResult is not CommandResult || error.Message.Contains('\'')))
            {
                terminal.Fail(new Failure(ExitCode.Usage, error.Message, $"{path} --help"));
            }

            return ExitCode.Usage;
        }

        if (!asksForHelp && LabRootless.IsNeeded && LabRootless.Concerns(parsed))
        {
            return await LabRootless.RunAsync(parsed.GetValue<string>("--lab") ?? LabPlan.DefaultName, arguments, terminal);
        }

        InvocationConfiguration invocation = new()
        {
            Output = terminal.Out,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = CleanUpTimeout,
        };
        return await parsed.InvokeAsync(invocation, cancellation);
    }

    private static string PathOf(CommandResult result)
    {
        List<string> names = [];
        for (SymbolResult? at = result; at is not null; at = at.Parent)
        {
            if (at is CommandResult command && command.Parent is not null) names.Insert(0, command.Command.Name);
        }

        return string.Join(' ', ["overlayctl", .. names]);
    }
}
