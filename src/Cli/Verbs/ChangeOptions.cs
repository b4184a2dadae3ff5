using System.CommandLine;
using System.Text.Json;
using Overlay.Api;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary>What every verb that changes the configuration has: its options, and how its answer is shown.</summary>
internal sealed class ChangeOptions(Option<string>? output = null)
{
    private const int SentenceWidth = 74;
    private readonly Option<bool> _save = new("--save") { Description = "Write it into the configuration file too; otherwise a restart loses it." };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Show the consequences and change nothing." };
    private readonly Option<string?> _revision = new("--revision")
    {
        Description = "Refuse unless this revision (or ETag) of the configuration is in force.",
        HelpName = "N",
    };

    private readonly Option<string> _output = output ?? GlobalOptions.Output();

    /// <summary>Adds the options to a verb.</summary>
    public ChangeOptions AddTo(Verb verb)
    {
        foreach (Option option in (ReadOnlySpan<Option>)[_save, _dryRun, _revision, _output]) verb.Options.Add(option);
        return this;
    }

    /// <summary>The revision that was asked for, or null.</summary>
    public string? Revision(ParseResult parsed) => parsed.GetValue(_revision);

    /// <summary>A resource with the parameters that were asked for.</summary>
    public string Resource(ParseResult parsed, string path, params ReadOnlySpan<(string Name, string? Value)> parameters) => AdminClient.Resource(
        path, [.. parameters, ("save", parsed.GetValue(_save) ? "true" : null), ("dry_run", parsed.GetValue(_dryRun) ? "true" : null)]);

    public bool IsJson(ParseResult parsed) => parsed.GetValue(_output) == "json";

    /// <summary>Shows what came of a change; in errors the configuration is called <paramref name="file"/>, null if it was no file.</summary>
    public int Finish(ParseResult parsed, Terminal terminal, AdminClient client, AdminReply reply, string? file = null)
    {
        bool json = IsJson(parsed) && reply.Failure is null;
        if (!reply.IsSuccess)
        {
            if (json) Json.Print(terminal, reply.Body);
            else if (reply.Failure is null && ConfigVerb.Parse(reply.Body, ApiJsonContext.Default.ErrorResponse) is { Errors: { } errors } && (file is not null || errors.Count > 1))
            {
                ConfigVerb.ShowProblems(terminal, [.. errors.Select(e => e with { File = e.File == "(request)" ? file ?? "request" : e.File })], "error", Tone.Bad);
            }

            return terminal.Fail(client.Explain(reply));
        }

        (ConfigChangeResponse? answer, Failure? failure) = client.Read(reply, ApiJsonContext.Default.ConfigChangeResponse);
        if (answer is null) return terminal.Fail(failure!);
        if (json) Json.Print(terminal, reply.Body);
        else Show(terminal, client, answer, parsed.GetValue(_save), file);
        if (answer.SaveError is { } saveError)
        {
            string[] parts = saveError.Split("Next: ", 2);
            return terminal.Fail(new Failure(ExitCode.Failure, $"in force, but not saved: {parts[0].TrimEnd(' ', '.')}", $"{(parts.Length == 2 ? Text.Escape(parts[1]) + "; then " : "")}{client.Hint("config save")}"));
        }

        return answer.DryRun && answer.Effects.Any(e => e.NeedsRestart) ? ExitCode.Usage : ExitCode.Ok;
    }

    /// <summary>Shows changes, one with its consequence below it.</summary>
    public static void ShowEffects(Terminal terminal, IReadOnlyList<ConfigEffect> effects)
    {
        foreach (ConfigEffect e in effects)
        {
            (string sign, Tone tone) = e.Action switch
            {
                "added" => ("+", Tone.Good),
                "removed" => ("-", Tone.Bad),
                _ => ("~", Tone.Warn),
            };
            terminal.Write(sign, tone);
            terminal.Out.Write($" {Text.Escape(e.Kind)} {Text.Escape(e.Name)}");
            if (e.Keys.Count > 0) terminal.Out.Write($"  {Text.Escape(string.Join(", ", e.Keys))}");
            if (e.NeedsRestart || e.Interrupts) terminal.Out.Write("  ");
            if (e.NeedsRestart) terminal.Write("needs a restart", Tone.Bad);
            else if (e.Interrupts) terminal.Write("interrupts", Tone.Warn);
            terminal.Out.WriteLine();
            if (e.NeedsRestart) continue;
            foreach (string line in Wrap(Text.Escape(e.Effect))) terminal.Out.WriteLine("    " + line);
        }
    }

    private static void Show(Terminal terminal, AdminClient client, ConfigChangeResponse answer, bool save, string? file)
    {
        ConfigVerb.ShowProblems(terminal, [.. answer.Warnings.Select(w => w with { File = w.File == "(request)" ? file ?? "request" : w.File })], "warning", Tone.Warn);
        string what = answer.DryRun ? "would change" : save && answer.Saved ? "applied and saved" : "applied";
        terminal.Write(what, answer.DryRun ? Tone.Plain : Tone.Good);
        terminal.Out.WriteLine($"  config {answer.Revision}  {(answer.Effects.Count == 0 ? "nothing changes" : Text.Count(answer.Effects.Count, "change"))}");
        ShowEffects(terminal, answer.Effects);
        if (answer.DryRun && answer.Effects.Any(e => e.NeedsRestart))
        {
            terminal.Problem("this would be refused whole: a key needs a restart. Write it into the configuration file instead", "systemctl restart overlayd", Tone.Bad);
        }
        else if (!answer.DryRun && !answer.Saved && answer.SaveError is null)
        {
            terminal.Problem("not saved: a restart loses it", client.Hint("config save"));
        }
    }

    /// <summary>A sentence in lines of a width that fits every terminal.</summary>
    private static IEnumerable<string> Wrap(string sentence)
    {
        string line = string.Empty;
        foreach (string word in sentence.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > SentenceWidth)
            {
                yield return line;
                line = string.Empty;
            }

            line = line.Length == 0 ? word : $"{line} {word}";
        }

        yield return line;
    }

    /// <summary>Writes a JSON object; members without a value are left out.</summary>
    public static string Object(Action<Utf8JsonWriter> write)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter writer = new(buffer))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }
}
