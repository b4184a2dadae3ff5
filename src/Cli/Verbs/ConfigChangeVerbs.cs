using System.CommandLine;
using System.Text;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl config diff</c>, <c>apply</c> and <c>save</c>: consequences, before they happen.</summary>
internal static class ConfigChangeVerbs
{
    private const int MaxFile = 1024 * 1024;

    public static Verb CreateDiff(Terminal terminal)
    {
        Verb verb = new(
            "diff",
            "What a reload of the configuration file, or of another file, would change, and what is in force and not saved. Changes nothing. Exit code 2 if it would be refused.",
            "overlayctl config diff",
            "overlayctl config diff ./overlayd.yaml",
            "overlayctl config diff -o json | jq '.unsaved | length'");
        Argument<string?> file = new("FILE") { Description = "A file to compare instead of the daemon's own.", Arity = ArgumentArity.ZeroOrOne };
        Option<string> output = GlobalOptions.Output();
        verb.Arguments.Add(file);
        verb.Options.Add(output);
        verb.SetAction(async (parsed, cancellation) =>
        {
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            if (parsed.GetValue(file) is { } path)
            {
                (string? yaml, Failure? unreadable) = Read(path);
                if (yaml is null) return terminal.Fail(unreadable!);
                ChangeOptions change = new(output);
                return change.Finish(parsed, terminal, client, await client.PutAsync("v1/config?dry_run=true", yaml, null, cancellation), path);
            }

            AdminReply reply = await client.GetAsync("v1/config/diff", cancellation);
            (ConfigDiffResponse? diff, Failure? failure) = client.Read(reply, ApiJsonContext.Default.ConfigDiffResponse);
            if (diff is null) return terminal.Fail(failure!);
            if (parsed.GetValue(output) == "json") Json.Print(terminal, reply.Body);
            else Show(terminal, client, diff);
            return diff.ReloadRefused ? ExitCode.Usage : ExitCode.Ok;
        });
        return verb;
    }

    public static Verb CreateApply(Terminal terminal)
    {
        Verb verb = new(
            "apply",
            "Bring a whole configuration into force and show the consequences; only what changed is touched. A bad one is refused whole, and so is one that somebody else's change came before.",
            "overlayctl config apply ./overlayd.yaml --dry-run",
            "overlayctl config apply ./overlayd.yaml --save",
            "overlayctl config apply ./overlayd.yaml --revision 7");
        Argument<string> file = new("FILE") { Description = "The file; - is standard input." };
        verb.Arguments.Add(file);
        ChangeOptions change = new ChangeOptions().AddTo(verb);
        verb.SetAction(async (parsed, cancellation) =>
        {
            string path = parsed.GetRequiredValue(file);
            (string? yaml, Failure? unreadable) = Read(path);
            if (yaml is null) return terminal.Fail(unreadable!);
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            string? revision = change.Revision(parsed);
            if (revision is null)
            {
                // What is in force now is what this is meant to replace: who comes in between is not overwritten.
                (ConfigResponse? now, Failure? failure) = client.Read(await client.GetAsync("v1/config", cancellation), ApiJsonContext.Default.ConfigResponse);
                if (now is null) return terminal.Fail(failure!);
                revision = now.Etag;
            }

            return change.Finish(parsed, terminal, client, await client.PutAsync(change.Resource(parsed, "v1/config"), yaml, revision, cancellation), path);
        });
        return verb;
    }

    public static Verb CreateSave(Terminal terminal)
    {
        Verb verb = new(
            "save",
            "Write the configuration in force into its file, comments included, so that a restart keeps it.",
            "overlayctl config save",
            "overlayctl config save --force");
        Option<bool> force = new("--force") { Description = "Even if the file was edited meanwhile: those edits are lost." };
        Option<string> output = GlobalOptions.Output();
        verb.Options.Add(force);
        verb.Options.Add(output);
        verb.SetAction(async (parsed, cancellation) =>
        {
            using AdminClient client = new(parsed.GetRequiredValue(GlobalOptions.Socket));
            AdminReply reply = await client.PostAsync(AdminClient.Resource("v1/config/save", ("force", parsed.GetValue(force) ? "true" : null)), cancellation);
            (ConfigChangeResponse? answer, Failure? failure) = client.Read(reply, ApiJsonContext.Default.ConfigChangeResponse);
            if (answer is null) return terminal.Fail(failure!);
            if (parsed.GetValue(output) == "json")
            {
                Json.Print(terminal, reply.Body);
                return ExitCode.Ok;
            }

            terminal.Write("saved", Tone.Good);
            terminal.Out.WriteLine($"  config {answer.Revision}");
            return ExitCode.Ok;
        });
        return verb;
    }

    private static void Show(Terminal terminal, AdminClient client, ConfigDiffResponse diff)
    {
        string state = !diff.FileValid ? "refused" : diff.Reload.Count == 0 && diff.Unsaved.Count == 0 ? "same" : "differs";
        terminal.Write(state, state switch { "same" => Tone.Good, "refused" => Tone.Bad, _ => Tone.Warn });
        terminal.Out.WriteLine($"  config {diff.Revision}  {Text.Escape(diff.Source)}{(diff.FileEdited ? "  edited since it was read" : "")}");
        ConfigVerb.ShowProblems(terminal, diff.Errors, "error", Tone.Bad);

        // A file that nobody touched differs only by what was not saved: said once.
        if (diff.Reload.Count > 0 && (diff.FileEdited || diff.Unsaved.Count == 0))
        {
            terminal.Out.WriteLine();
            terminal.Write("A reload of the file would change:", Tone.Head);
            terminal.Out.WriteLine();
            ChangeOptions.ShowEffects(terminal, diff.Reload);
        }

        if (diff.Unsaved.Count > 0)
        {
            terminal.Out.WriteLine();
            terminal.Write("In force and not saved; a reload undoes it, a restart loses it:", Tone.Head);
            terminal.Out.WriteLine();
            ChangeOptions.ShowEffects(terminal, diff.Unsaved);
        }

        if (diff.Reload.Count > 0 || diff.Unsaved.Count > 0 || !diff.FileValid) terminal.Out.WriteLine();
        if (!diff.FileValid) terminal.Problem("a reload would be refused, and a restart would fail", $"overlayctl config check {Text.Quote(diff.Source)}, after correcting it", Tone.Bad);
        else if (diff.ReloadRefused) terminal.Problem("a reload would be refused whole: a key needs a restart", "systemctl restart overlayd", Tone.Bad);
        else if (diff.FileEdited && diff.Reload.Count > 0) terminal.Problem("to take the file", client.Hint("config reload"), Tone.Dim);
        if (diff.Unsaved.Count > 0)
        {
            terminal.Problem(diff.FileEdited ? "to keep what is in force, and lose the edits of the file" : "to keep what is in force", client.Hint(diff.FileEdited ? "config save --force" : "config save"), Tone.Dim);
        }
    }

    // Standard input too: what made the text may be a program.
    private static (string? Text, Failure? Failure) Read(string path)
    {
        string next = $"ls -l {Text.Quote(path)}";
        try
        {
            using Stream stream = path == "-" ? Console.OpenStandardInput() : File.OpenRead(path);
            using MemoryStream body = new();
            byte[] block = new byte[16 * 1024];
            for (int read = stream.Read(block); read > 0; read = stream.Read(block))
            {
                body.Write(block, 0, read);
                if (body.Length > MaxFile) return (null, new Failure(ExitCode.Usage, $"{path} is longer than {MaxFile} octets, more than a configuration may have", next));
            }

            return (new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(body.ToArray()).TrimStart('\ufeff'), null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException or System.Security.SecurityException)
        {
            string why = e is DecoderFallbackException ? "it is not UTF-8" : e.Message;
            return (null, new Failure(ExitCode.Usage, $"{path} cannot be read: {why}", next));
        }
    }
}
