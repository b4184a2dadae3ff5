using System.CommandLine;
using System.Globalization;
using Overlay.Cli.Screen;
using Overlay.Cli.Tools;

namespace Overlay.Cli.Lab;

/// <summary><c>overlayctl lab up</c>.</summary>
internal static class LabUpVerb
{
    private const int FirstPingAttempts = 5;

    public static Verb Create(Terminal terminal, Option<string> name)
    {
        Verb verb = new(
            "up",
            "Build the lab and wait until a frame has crossed it. If it is up already as asked, do nothing.",
            "overlayctl lab up",
            "overlayctl lab up --encap geneve --underlay ipv6",
            "overlayctl lab up --vteps 3");
        Option<string> encap = Choice("--encap", "The tunnel's encapsulation.", "vxlan", "geneve");
        Option<string> underlay = Choice("--underlay", "The address family of the underlay.", "ipv4", "ipv6");
        Option<int> vteps = GlobalOptions.Integer("--vteps", [], "Number of hosts", "N", 2, 2, LabPlan.MaxVteps);
        Option<string> overlayd = DaemonBinary.Option();
        verb.Options.Add(encap);
        verb.Options.Add(underlay);
        verb.Options.Add(vteps);
        verb.Options.Add(overlayd);
        verb.SetAction(async (parsed, cancellation) =>
        {
            LabStore store = new(parsed.GetRequiredValue(name));
            if (Environment.UserName != "root") return terminal.Fail(new Failure(ExitCode.Failure, "the lab makes network namespaces, which only root may", "sudo " + LabVerb.Hint(store.Name, "up")));
            if (Tool.Find("ip") is null) return terminal.Fail(new Failure(ExitCode.Failure, "the command ip is missing", "apt-get install --no-install-recommends iproute2"));
            if (DaemonBinary.Find(parsed.GetValue(overlayd)) is not { } binary) return terminal.Fail(DaemonBinary.Missing);
            return await UpAsync(
                store, parsed.GetRequiredValue(encap), parsed.GetRequiredValue(underlay), parsed.GetValue(vteps), binary, terminal, cancellation);
        });
        return verb;
    }

    private static Option<string> Choice(string name, string description, string first, string second)
    {
        Option<string> option = new(name) { Description = $"{description} {first} or {second}.", HelpName = $"{first}|{second}", DefaultValueFactory = _ => first };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ } token] && token.Value != first && token.Value != second) result.AddError($"{name} takes {first} or {second}, not '{token.Value}'");
        });
        return option;
    }

    private static async Task<int> UpAsync(
        LabStore store, string encap, string underlay, int vteps, string overlayd, Terminal terminal, CancellationToken cancellation)
    {
        TimeProvider time = TimeProvider.System;
        if (store.Load() is { } old)
        {
            bool whole = old.Ready && old.Vteps.All(v => LabProcesses.IsAlive(v.Daemon));
            if (whole && old.Encap == encap && old.Underlay == underlay && old.Vteps.Count == vteps)
            {
                terminal.Out.WriteLine("the lab is up already");
                return await ShowAsync(old, null, terminal, cancellation);
            }

            if (whole) return terminal.Fail(new Failure(ExitCode.Failure, $"another lab is up ({old.Encap} over {old.Underlay}, {old.Vteps.Count} hosts)", LabVerb.Hint(store.Name, "down")));
            if (!old.Ready && LabProcesses.IsAlive(old.Builder)) return terminal.Fail(new Failure(ExitCode.Failure, $"process {old.Builder.Pid} is building this lab", LabVerb.Hint(store.Name, "status")));
        }

        long began = time.GetTimestamp();
        try
        {
            await new LabRemover(store).RemoveAsync();
            LabState state = await new LabBuilder(store, time).BuildAsync(encap, underlay, vteps, overlayd, cancellation);
            return await ShowAsync(state, time.GetElapsedTime(began), terminal, cancellation);
        }
        catch (LabException e)
        {
            return terminal.Fail(new Failure(ExitCode.Failure, e.Message, e.Next));
        }
        catch (OperationCanceledException)
        {
            await new LabRemover(store).RemoveAsync();
            return terminal.Fail(new Failure(ExitCode.Interrupted, "interrupted; what was made is removed", LabVerb.Hint(store.Name, "up")));
        }
    }

    private static async Task<int> ShowAsync(LabState state, TimeSpan? took, Terminal terminal, CancellationToken cancellation)
    {
        string time = took is { } t ? string.Create(CultureInfo.InvariantCulture, $", ready in {t.TotalSeconds:0.00} s") : string.Empty;
        terminal.Write("up", Tone.Good);
        terminal.Out.WriteLine($"  {state.Encap} over {state.Underlay}, VNI {LabPlan.Vni}, {state.Vteps.Count} hosts{time}");
        terminal.Out.WriteLine();
        LabStatusReport report = await LabStatusVerb.ReportAsync(state, cancellation);
        LabStatusVerb.Show(report, terminal);
        terminal.Out.WriteLine();

        LabPingResult? first = null;
        for (int i = 0; i < FirstPingAttempts && first is not { Received: > 0 }; i++)
        {
            first = await LabPingVerb.PingAsync(state.Vteps[0], state.Vteps[1], state.Vteps[1].OverlayV4, 1, cancellation);
        }

        if (first is not { Received: > 0 })
        {
            string drops = $"overlayctl --socket {state.Vteps[1].Socket} drops";
            return terminal.Fail(new Failure(ExitCode.Degraded, $"{state.Vteps[0].Name} does not reach {state.Vteps[1].Name} through the overlay", drops));
        }

        terminal.Out.WriteLine($"{first.From} -> {first.To}  {first.Address} answers in {Text.Latency(first.RttAvgSeconds)}");
        terminal.Out.WriteLine($"Next: {LabVerb.Hint(state.Name, "ping")}");
        terminal.Out.WriteLine($"      {LabVerb.Hint(state.Name, "iperf")}");
        terminal.Out.WriteLine($"      overlayctl --socket {state.Vteps[0].Socket} status");
        terminal.Out.WriteLine($"      {LabVerb.Hint(state.Name, "down")}");
        return ExitCode.Ok;
    }
}
