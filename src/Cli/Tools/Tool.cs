using System.ComponentModel;
using System.Diagnostics;

namespace Overlay.Cli.Tools;

/// <summary>Runs other commands, always by argument list: no shell reads what we pass.</summary>
internal static class Tool
{
    public const int NotFound = 127;
    public const int TimedOut = 124;

    /// <summary>The path of a command, or null. Also looks into the sbin directories, which a user's PATH often lacks.</summary>
    public static string? Find(string name)
    {
        if (name.Contains('/', StringComparison.Ordinal)) return File.Exists(name) ? Path.GetFullPath(name) : null;
        string search = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty) + ":/usr/local/sbin:/usr/sbin:/sbin";
        foreach (string directory in search.Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            string path = Path.Combine(directory, name);
            if (File.Exists(path)) return path;
        }

        return null;
    }

    /// <summary>
    /// Runs a command to its end and collects what it writes. It is killed when the time is over or on cancellation, which then throws.
    /// </summary>
    public static async Task<ToolResult> RunAsync(string name, IReadOnlyList<string> arguments, TimeSpan timeout, CancellationToken cancellation)
    {
        using Process? process = Start(name, arguments, redirect: true);
        if (process is null) return new ToolResult(NotFound, string.Empty, $"{name}: command not found");
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(timeout);
        try
        {
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
            Task<string> error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return new ToolResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            Kill(process);
            cancellation.ThrowIfCancellationRequested();
            return new ToolResult(TimedOut, string.Empty, $"{name} did not end within {timeout.TotalSeconds:0} s");
        }
    }

    /// <summary>Runs a command that shares our terminal and returns its exit code.</summary>
    public static async Task<int> RunAttachedAsync(string name, IReadOnlyList<string> arguments)
    {
        using Process? process = Start(name, arguments, redirect: false);
        if (process is null) return NotFound;

        // An interrupt reaches it as it does us: it decides what that means, and we wait for it.
        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode;
    }

    /// <summary>Starts a command; null if there is none such. The caller owns the process object.</summary>
    public static Process? Start(string name, IReadOnlyList<string> arguments, bool redirect)
    {
        if (Find(name) is not { } path) return null;
        ProcessStartInfo start = new(path)
        {
            UseShellExecute = false,
            RedirectStandardInput = redirect,
            RedirectStandardOutput = redirect,
            RedirectStandardError = redirect,
        };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        if (redirect) start.Environment["LC_ALL"] = "C";
        start.Environment.Remove("NOTIFY_SOCKET");
        try
        {
            return Process.Start(start);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Ends a process that we started, with its children.</summary>
    public static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It had ended already.
        }
    }
}
