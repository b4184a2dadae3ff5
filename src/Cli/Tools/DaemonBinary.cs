using System.CommandLine;

namespace Overlay.Cli.Tools;

/// <summary>Where <c>overlayd</c> is.</summary>
internal static class DaemonBinary
{
    private const string Variable = "OVERLAYD";

    public static Failure Missing { get; } =
        new(ExitCode.Failure, "overlayd was not found beside overlayctl or in PATH", $"export {Variable}=/path/to/overlayd");

    public static Option<string> Option() => new("--overlayd")
    {
        Description = $"The daemon's executable; otherwise beside overlayctl or in PATH. Environment: {Variable}.",
        HelpName = "PATH",
    };

    /// <summary>
    /// The first of: the path given, the environment's, beside us, in a neighbouring directory (published trees), in a source tree's build
    /// output of our own configuration, in PATH. A path given explicitly is never replaced by another.
    /// </summary>
    public static string? Find(string? given)
    {
        if (!string.IsNullOrEmpty(given)) return Tool.Find(given);
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } fromEnvironment) return Tool.Find(fromEnvironment);
        string here = AppContext.BaseDirectory.TrimEnd('/');
        string framework = Path.GetFileName(here);
        string configuration = Path.GetFileName(Path.GetDirectoryName(here) ?? here);
        ReadOnlySpan<string> candidates =
        [
            Path.Combine(here, "overlayd"),
            Path.Combine(here, "../overlayd/overlayd"),
            Path.Combine(here, "../../../../Host/bin", configuration, framework, "overlayd"),
        ];
        foreach (string candidate in candidates)
        {
            if (File.Exists(candidate)) return Path.GetFullPath(candidate);
        }

        return Tool.Find("overlayd");
    }
}
