using System.CommandLine;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl etcd</c>: the store, and how we stand with it.</summary>
internal static class EtcdVerb
{
    private const int ValueLimit = 160;

    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("etcd", "The table in etcd: members, lease, what is wrong there, and what it holds.", "overlayctl etcd status", "overlayctl etcd dump --vni 100");
        verb.Subcommands.Add(CreateStatus(terminal));
        verb.Subcommands.Add(CreateDump(terminal));
        return verb;
    }

    private static Verb CreateStatus(Terminal terminal)
    {
        Verb verb = new(
            "status",
            "The members, our lease, how far each side has got, and what was wrong in the store.",
            "overlayctl etcd status",
            "overlayctl etcd status --watch",
            "overlayctl etcd status -o json | jq .state");
        View.Attach(
            verb, terminal, static _ => "v1/etcd/status", ApiJsonContext.Default.EtcdStatusResponse, (_, answer, client) => ShowStatus(answer, terminal, client), static answer => answer.State is "in-touch" ? ExitCode.Ok : ExitCode.Degraded);
        return verb;
    }

    private static Verb CreateDump(Terminal terminal)
    {
        Verb verb = new("dump", "What the store holds under our prefix, as it is now.", "overlayctl etcd dump", "overlayctl etcd dump --vni 100 -o json", "overlayctl etcd dump --limit 1000 --next NEXT");
        Option<int?> vni = GlobalOptions.Vni(required: false);
        Option<int> limit = GlobalOptions.Integer("--limit", [], "Keys of an answer", "N", 10_000, 1, 10_000);
        Option<string?> next = new("--next") { Description = "Those that follow: what the answer before gave as next.", HelpName = "NEXT" };
        verb.Options.Add(vni);
        verb.Options.Add(limit);
        verb.Options.Add(next);
        View.Attach(
            verb,
            terminal,
            parsed => "v1/etcd/dump" + Query.Of(
                ("vni", parsed.GetValue(vni)?.ToString()),
                ("limit", parsed.GetResult(limit) is { Implicit: false } ? parsed.GetValue(limit).ToString() : null),
                ("next", parsed.GetValue(next))),
            ApiJsonContext.Default.EtcdDumpResponse,
            (parsed, answer, client) => ShowDump(answer, terminal, client, parsed.GetValue(vni), parsed.GetValue(limit)));
        return verb;
    }

    private static void ShowStatus(EtcdStatusResponse s, Terminal terminal, AdminClient client)
    {
        Table facts = new("ETCD", s.Prefix);
        void Fact(string name, Cell value) => facts.Add(name, value);
        Fact("state", new Cell(s.State, s.State is "in-touch" ? Tone.Good : Tone.Warn));
        Fact("we are", s.Node);
        Fact("cluster", s.ClusterId);
        Fact("revision", s.Revision);
        Fact("lease", s.Lease is null ? "-" : $"{s.Lease}, {Text.Duration(s.LeaseSeconds)}, renewed {Text.Duration(s.LeaseAgeSeconds)} ago");
        Fact("VNIs", s.Vnis);
        Fact("our keys", $"{s.KeysWritten} written, {s.KeysWaiting} waiting");
        Fact("last list", s.ListAgeSeconds is null ? "-" : $"{s.ListedKeys} keys in {s.ListSeconds:0.00} s, {Text.Duration(s.ListAgeSeconds)} ago");
        Fact("misses", $"{s.Answers} answers held, {s.MissesWaiting} waiting");
        facts.WriteTo(terminal);
        terminal.Out.WriteLine();
        Table members = new("MEMBER", "HEALTH", "ROLE", "VERSION", ">DATABASE", ">REVISION", ">ANSWERS IN");
        foreach (EtcdEndpointInfo member in s.Endpoints)
        {
            members.Add(
                member.Endpoint,
                new Cell(member.Healthy ? "ok" : "failed", member.Healthy ? Tone.Good : Tone.Warn),
                string.Join(' ', new[] { member.Leader ? "leader" : "", member.Watched ? "watched" : "" }.Where(static r => r.Length > 0)),
                member.Version,
                member.DatabaseBytes,
                member.Revision,
                member.LatencySeconds is { } latency ? $"{latency * 1000:0.0} ms" : "-");
        }

        members.WriteTo(terminal);
        foreach (EtcdEndpointInfo member in s.Endpoints)
        {
            if (!member.Healthy && member.LastFailure is { } failure) terminal.Problem(failure, client.Hint("log level debug"));
            foreach (string alarm in member.Alarms) terminal.Problem($"{member.Endpoint} reports {alarm}", "etcdctl alarm list");
        }

        if (s.Claimant is { } claimant) terminal.Problem($"another daemon has the name {s.Node}: {claimant}", client.Hint("config show"));
        if (s.ReadFailure is { } read) terminal.Problem($"reading: {read}; what is in force stays", client.Hint("events --since 10m"));
        if (s.WriteFailure is { } write) terminal.Problem($"writing: {write}; {s.KeysWaiting} changes of ours wait", client.Hint("events --since 10m"));
        foreach (EtcdFaultInfo fault in s.Faults)
        {
            terminal.Problem($"{Text.Number(fault.Count)} times {fault.Name}, last at {fault.Key}{(fault.Detail.Length > 0 ? $" ({fault.Detail})" : "")}, {Text.Duration(fault.AgeSeconds)} ago", IsHarmless(fault.Key) ? $"etcdctl get {fault.Key}" : client.Hint("etcd dump"), Tone.Dim);
        }
    }

    // Anybody who may write into the store chooses its keys, and a command is there to be copied: only what no shell minds becomes part of one.
    private static bool IsHarmless(string key) => key.StartsWith('/') && key.All(static c => char.IsAsciiLetterOrDigit(c) || c is '/' or '_' or '.' or ':' or '-');

    private static void ShowDump(EtcdDumpResponse answer, Terminal terminal, AdminClient client, int? vni, int limit)
    {
        Table table = new("KEY", "VTEP", ">REVISION", "LEASE", "VALUE");
        foreach (EtcdKeyInfo key in answer.Keys)
        {
            string value = key.Value.Length > ValueLimit ? key.Value[..ValueLimit] + "…" : key.Value;
            table.Add(key.Key, key.Vtep ?? "-", key.Revision, key.Lease ?? "-", key.Fault is { } fault ? new Cell($"{fault}: {value}", Tone.Warn) : value);
        }

        table.WriteTo(terminal);
        if (answer.Next is { } next)
        {
            terminal.Problem("there are more keys than one answer holds", client.Hint($"etcd dump {(vni is { } one ? $"--vni {one} " : "")}--limit {limit} --next {Text.Quote(next)}"), Tone.Dim);
        }
    }
}
