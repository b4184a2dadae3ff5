using System.CommandLine;
using System.Globalization;
using Overlay.Cli.Admin;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Support;

/// <summary><c>overlayctl support-bundle</c>.</summary>
internal static class SupportBundleVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new(
            "support-bundle",
            "Collect what somebody else needs to help: state, configuration, drops, log and the kernel's side, without secrets, in one file that only you can read. Works without the daemon too.",
            "overlayctl support-bundle",
            "overlayctl support-bundle -o /tmp/overlay.tar.gz --anonymize");
        Option<string?> file = new("--output", "-o") { Description = "The file; it must not exist. Without: overlay-support-TIME.tar.gz here.", HelpName = "FILE" };
        Option<bool> anonymize = new("--anonymize") { Description = "Put others in the place of MACs, IP addresses and this host's name, the same for the same." };
        verb.Options.Add(file);
        verb.Options.Add(anonymize);
        verb.SetAction(async (parsed, cancellation) =>
        {
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            string name = $"overlay-support-{now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}";
            string path = parsed.GetValue(file) ?? name + ".tar.gz";
            string socket = parsed.GetRequiredValue(GlobalOptions.Socket);
            using AdminClient client = new(socket);
            Collector collector = new(client, socket);
            await collector.CollectAsync(cancellation);
            Anonymizer? anonymizer = parsed.GetValue(anonymize) ? new Anonymizer([.. collector.HostNames]) : null;
            string Clean(string text) => anonymizer is null ? Redactor.Redact(text) : anonymizer.Anonymize(Redactor.Redact(text));
            try
            {
                await using BundleWriter bundle = new(path, name, now, Clean);
                foreach ((string part, string text) in collector.Parts) await bundle.AddAsync(part, text);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return terminal.Fail(new Failure(ExitCode.Failure, $"{path} cannot be written: {e.Message}", "overlayctl support-bundle -o FILE"));
            }

            Table parts = new("PART", ">OCTETS");
            foreach ((string part, string text) in collector.Parts) parts.Add(part, Math.Min(text.Length, BundleWriter.MaxPart));
            parts.WriteTo(terminal);
            terminal.Out.WriteLine();
            if (!collector.DaemonAnswers) terminal.Problem("the daemon does not answer: the bundle has this host's side only", client.Hint("doctor"));
            string addresses = anonymizer is null ? "; addresses are in it (--anonymize takes them out)" : ", anonymized";
            terminal.WriteWrapped($"{Text.Escape(path)}: {Text.Rate(new FileInfo(path).Length)}B, readable by you alone{addresses}. Look at it before you pass it on. Next: tar -xzOf {Text.Quote(path)} | less", 0);
            return ExitCode.Ok;
        });
        return verb;
    }
}
