using Overlay.Cli.Completion;
using Overlay.Cli.Verbs;
using Overlay.Manual;

namespace Overlay.Cli.Manual;

/// <summary>The manual page <c>overlayctl(8)</c>, from the command tree.</summary>
internal static class ToolPage
{
    public static string Render(CommandShape root)
    {
        ManPage page = new("overlayctl", 8, "look at and steer overlayd, the VXLAN and Geneve overlay daemon", VersionVerb.Current, "overlayctl man");
        page.Section("SYNOPSIS").Verbatim(["overlayctl [--socket PATH] VERB [OPTIONS]", "overlayctl [VERB] --help", "overlayctl --version"]);
        page.Section("DESCRIPTION")
            .Paragraph("The operator's tool. It talks to a running overlayd(8) over its admin socket; `doctor`, `lab`, `config check` and `decode` need no daemon.")
            .Paragraph(
                "Output is for people; with `-o json` a verb prints the API's own fields, for scripts. Colour and redrawing happen on a terminal only. A line that names a problem ends with the " +
                "command to run next.");
        page.Section("OPTIONS OF EVERY VERB");
        foreach (OptionShape option in root.Options) page.Term(Spell(option), option.Description);
        page.Section("VERBS");
        foreach (CommandShape command in root.All().Skip(1))
        {
            page.Heading(Usage(command)).Paragraph(command.Description);
            foreach (ArgumentShape argument in command.Arguments) page.Term(argument.Name, argument.Description);
            foreach (OptionShape option in command.Options.Where(o => !o.IsInherited && o.Name != "--help")) page.Term(Spell(option), option.Description + (option.IsRequired ? " Required." : ""));
            page.Verbatim(command.Examples);
        }

        page.Section("EXIT STATUS")
            .Term("0", "Ok.")
            .Term("1", "Failure.")
            .Term("2", "Usage, or a configuration that is refused.")
            .Term("3", "Degraded, or the daemon is not running.")
            .Term("130, 141", "Interrupted; the reader of the output went away.");
        page.Section("ENVIRONMENT")
            .Term("OVERLAY_SOCKET", "The daemon's admin socket, where `--socket` is not given.")
            .Term("OVERLAYD", "The daemon's executable, for `lab` and `config check`.")
            .Term("NO_COLOR", "If set, no colours.");
        page.Section("FILES").Term(GlobalOptions.DefaultSocket, "The daemon's admin socket.");
        return page.SeeAlso(("overlayd", 8), ("overlayd.yaml", 5), ("ip", 8), ("bridge", 8)).ToString();
    }

    private static string Usage(CommandShape command)
    {
        List<string> words = ["overlayctl", command.Path];
        foreach (ArgumentShape argument in command.Arguments) words.Add((argument.IsOptional ? $"[{argument.Name}]" : argument.Name) + (argument.IsMany ? " ..." : ""));
        if (command.Options.Any(o => !o.IsInherited && o.Name != "--help")) words.Add("[OPTIONS]");
        return string.Join(' ', words);
    }

    private static string Spell(OptionShape option) =>
        string.Join(", ", option.Aliases.Prepend(option.Name)) + (option.Value is { } value ? " " + value : "");
}
