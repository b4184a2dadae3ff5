using System.Diagnostics;
using Xunit;

namespace Overlay.Host.Tests.Metrics;

/// <summary>Debian's <c>promtool</c>, which judges what we write for Prometheus.</summary>
internal static class Promtool
{
    private const string Path = "/usr/bin/promtool";

    /// <summary>Runs it, or skips the test where it is missing.</summary>
    /// <returns>Its exit code and what it wrote.</returns>
    public static async Task<(int Code, string Output)> RunAsync(string input, params string[] arguments)
    {
        Assert.SkipUnless(File.Exists(Path), "promtool is missing: apt-get install prometheus");
        using var promtool = Process.Start(new ProcessStartInfo(Path, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true })!;
        var output = promtool.StandardOutput.ReadToEndAsync();
        var errors = promtool.StandardError.ReadToEndAsync();
        await promtool.StandardInput.WriteAsync(input);
        promtool.StandardInput.Close();
        await promtool.WaitForExitAsync();
        return (promtool.ExitCode, await output + await errors);
    }
}
