using System.CommandLine;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Lab;

/// <summary><c>overlayctl lab</c>: an overlay on one machine, to try and to test.</summary>
internal static class LabVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new(
            "lab",
            "Hosts in network namespaces on this machine, an overlayd in each. Needs root.",
            "overlayctl lab up",
            "overlayctl lab ping",
            "overlayctl lab iperf",
            "overlayctl lab down");
        Option<string> name = new("--lab")
        {
            Description = "The lab's name and prefix of its namespaces, for several labs at once.",
            HelpName = "NAME",
            Recursive = true,
            DefaultValueFactory = _ => LabPlan.DefaultName,
        };
        name.Validators.Add(result =>
        {
            if (result.Tokens is [{ } token] && !LabPlan.IsName(token.Value)) result.AddError("--lab takes up to eight lower-case letters and digits, a letter first");
        });
        verb.Options.Add(name);
        verb.Subcommands.Add(LabUpVerb.Create(terminal, name));
        verb.Subcommands.Add(LabStatusVerb.Create(terminal, name));
        verb.Subcommands.Add(LabPingVerb.Create(terminal, name));
        verb.Subcommands.Add(LabIperfVerb.Create(terminal, name));
        verb.Subcommands.Add(CreateExec(terminal, name));
        verb.Subcommands.Add(CreateDown(terminal, name));
        return verb;
    }

    /// <summary>The lab's own commands, by its name.</summary>
    public static string Hint(string lab, string verb) => lab == LabPlan.DefaultName ? $"overlayctl lab {verb}" : $"overlayctl lab --lab {lab} {verb}";

    /// <summary>The running lab, or why there is none.</summary>
    public static (LabState? State, Failure? Failure) Require(string lab)
    {
        LabStore store = new(lab);
        if (store.Load() is { Ready: true } state) return (state, null);
        string problem = store.Exists ? "the lab is not whole" : "no lab is up";
        return (null, new Failure(ExitCode.Degraded, problem, store.Exists ? Hint(lab, "down") : Hint(lab, "up")));
    }

    /// <summary>A host of the lab, or null.</summary>
    public static LabVtep? Find(LabState lab, string name) => lab.Vteps.FirstOrDefault(v => v.Name == name);

    public static Failure NoSuchVtep(LabState lab, string name) =>
        new(ExitCode.Usage, $"the lab has no host '{name}'; it has {string.Join(", ", lab.Vteps.Select(v => v.Name))}", Hint(lab.Name, "status"));

    private static Verb CreateExec(Terminal terminal, Option<string> name)
    {
        Verb verb = new("exec", "Run a command on one of the hosts.", "overlayctl lab exec a -- ip addr", "overlayctl lab exec b -- tcpdump -ni eth0 udp");
        Argument<string> host = new("HOST") { Description = "a, b ..." };
        Argument<string[]> command = new("COMMAND") { Description = "The command and its arguments, after --.", Arity = ArgumentArity.OneOrMore };
        verb.Arguments.Add(host);
        verb.Arguments.Add(command);
        verb.SetAction(async (parsed, _) =>
        {
            (LabState? lab, Failure? failure) = Require(parsed.GetRequiredValue(name));
            if (lab is null) return terminal.Fail(failure!);
            string wanted = parsed.GetRequiredValue(host);
            if (Find(lab, wanted) is not { } vtep) return terminal.Fail(NoSuchVtep(lab, wanted));
            await terminal.Out.FlushAsync(CancellationToken.None);
            return await Tools.Tool.RunAttachedAsync("ip", ["netns", "exec", vtep.Netns, .. parsed.GetRequiredValue(command)]);
        });
        return verb;
    }

    private static Verb CreateDown(Terminal terminal, Option<string> name)
    {
        Verb verb = new("down", "Remove the lab without trace: daemons, devices, namespaces, files. Also what a crash left.", "overlayctl lab down");
        verb.SetAction(async (parsed, _) =>
        {
            string lab = parsed.GetRequiredValue(name);
            LabRemover.Outcome outcome = await new LabRemover(new LabStore(lab)).RemoveAsync();
            if (outcome.Remaining.Count > 0)
            {
                return terminal.Fail(new Failure(ExitCode.Failure, $"still there: {string.Join(", ", outcome.Remaining)}", "sudo " + Hint(lab, "down")));
            }

            terminal.Out.WriteLine(
                outcome is { Namespaces: 0, Processes: 0 } ? "no lab was up" : $"lab is down: {outcome.Processes} process{(outcome.Processes == 1 ? "" : "es")}, {Text.Count(outcome.Namespaces, "namespace")} removed");
            return ExitCode.Ok;
        });
        return verb;
    }
}
