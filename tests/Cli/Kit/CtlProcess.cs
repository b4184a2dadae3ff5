using System.Diagnostics;

namespace Overlay.Cli.Tests.Kit;

/// <summary>overlayctl as a process: signals, pipes and time are the operating system's.</summary>
internal static class CtlProcess
{
    private static readonly string Configuration = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/')).Parent!.Name;

    public static string Root { get; } = RepositoryFiles.Root;

    public static string Overlayctl { get; } = Path.Combine(Root, "src/Cli/bin", Configuration, "net10.0/overlayctl");

    public static string Overlayd { get; } = Path.Combine(Root, "src/Host/bin", Configuration, "net10.0/overlayd");

    public static Process Start(string file, params string[] arguments)
    {
        ProcessStartInfo start = new(file) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    public static async Task<(int Code, string Out, string Error)> RunAsync(string file, params string[] arguments)
    {
        using Process process = Start(file, arguments);
        process.StandardInput.Close();
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
            Task<string> error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }
}
