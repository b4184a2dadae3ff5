using System.Diagnostics;

namespace Overlay.TestKit.Net;

/// <summary>Runs programs, in a namespace or outside, with a limit and all output captured.</summary>
public static class Cmd
{
    /// <summary>The limit of <see cref="Run(string?, ReadOnlySpan{string})"/>.</summary>
    public static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(30);

    /// <summary>Runs to the end; the exit code is for the caller to judge.</summary>
    public static CmdResult Run(string? netns, params ReadOnlySpan<string> args) => Run(netns, DefaultLimit, args);

    /// <summary>Runs to the end within <paramref name="limit"/>.</summary>
    public static CmdResult Run(string? netns, TimeSpan limit, params ReadOnlySpan<string> args)
    {
        using var process = Start(netns, null, args);
        return process.WaitForExit(limit);
    }

    /// <summary>Starts a program and returns at once.</summary>
    public static RunningProcess Start(string? netns, IReadOnlyDictionary<string, string>? environment, params ReadOnlySpan<string> args)
    {
        var start = new ProcessStartInfo { UseShellExecute = false };
        if (netns is not null)
        {
            start.FileName = Requires.Find("ip") ?? "ip";
            start.ArgumentList.Add("netns");
            start.ArgumentList.Add("exec");
            start.ArgumentList.Add(netns);
            start.ArgumentList.Add(Requires.Find(args[0]) ?? args[0]);
        }
        else
        {
            start.FileName = Requires.Find(args[0]) ?? args[0];
        }

        foreach (var arg in args[1..]) start.ArgumentList.Add(arg);
        start.Environment["LC_ALL"] = "C";
        foreach (var (key, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal)) start.Environment[key] = value;
        return new RunningProcess(start);
    }
}
