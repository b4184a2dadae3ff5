using Overlay.Cli.Manual;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl man</c>: the manual page, for whoever packages or has no package.</summary>
internal static class ManualVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new("man", "The manual page overlayctl(8), from the same source as this help.", "overlayctl man | man -l -") { Hidden = true };
        verb.SetAction(_ =>
        {
            terminal.Out.Write(ToolPage.Render(Completion.CommandShape.Of(CommandTree.Create(terminal))));
            return ExitCode.Ok;
        });
        return verb;
    }
}
