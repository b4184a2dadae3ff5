using Overlay.Cli.Screen;

namespace Overlay.Cli.Tests.Kit;

/// <summary>overlayctl in this process.</summary>
internal sealed record Ctl(int Code, string Out, string Error)
{
    public static async Task<Ctl> RunAsync(params string[] arguments)
    {
        StringWriter output = new() { NewLine = "\n" };
        StringWriter error = new() { NewLine = "\n" };
        int code = await CommandTree.RunAsync(arguments, new Terminal(output, error, colour: false, live: false), CancellationToken.None);
        return new Ctl(code, output.ToString(), error.ToString());
    }

    public static Ctl Render(Action<Terminal> write, bool colour = false)
    {
        StringWriter output = new() { NewLine = "\n" };
        write(new Terminal(output, TextWriter.Null, colour, live: false));
        return new Ctl(0, output.ToString(), string.Empty);
    }
}
