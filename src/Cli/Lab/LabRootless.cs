using System.CommandLine;
using System.CommandLine.Parsing;
using Overlay.Cli.Screen;
using Overlay.Cli.Tools;

namespace Overlay.Cli.Lab;

/// <summary>
/// Labs of somebody who is root in a user namespace only (<c>unshare -r -n</c>). <c>ip netns</c> keeps namespaces as mounts under <c>/run/netns</c>, where such a root may
/// not mount. So <c>lab up</c> runs again in a mount namespace of its own, and the other verbs in that of the lab's daemons, which keep it in being.
/// </summary>
internal static class LabRootless
{
    // Set for the run inside; the value is where the lab's files are, which the outer and the inner run must agree on.
    private const string Inside = "OVERLAY_LAB_INSIDE";
    private const string Netns = "/run/netns";

    // Nothing is left in the host's /run, not even an empty directory: where there is no /run/netns, an empty /run stands over the host's.
    private const string MountScript = $"if [ -d {Netns} ]; then mount -t tmpfs overlay-lab {Netns}; else mount -t tmpfs overlay-lab /run && mkdir {Netns}; fi && exec \"$@\"";

    /// <summary>True if we are root in a user namespace, and not yet where a lab can be built.</summary>
    public static bool IsNeeded { get; } = Environment.UserName == "root" && Environment.GetEnvironmentVariable(Inside) is null && OuterUser() is not null;

    /// <summary>Where a rootless lab's files are: below a directory of the user's own that no other user can have made.</summary>
    public static string? Root => OuterUser() is { } user ? $"/tmp/overlay-lab-{user}" : null;

    /// <summary>True if the command line is a verb of <c>lab</c>.</summary>
    public static bool Concerns(ParseResult parsed)
    {
        for (SymbolResult? at = parsed.CommandResult; at is not null; at = at.Parent)
        {
            if (at is CommandResult { Command.Name: "lab" }) return true;
        }

        return false;
    }

    /// <summary>Runs the same command line where it can work.</summary>
    public static async Task<int> RunAsync(string lab, IReadOnlyList<string> arguments, Terminal terminal)
    {
        LabStore store = new(lab);
        if (!LabStore.TryOwnRoot())
        {
            return terminal.Fail(new Failure(ExitCode.Failure, $"{LabStore.Root} belongs to somebody else, or is not a directory", "export OVERLAY_LAB_DIR=/a/directory/of/yours"));
        }

        string[] again = [Environment.ProcessPath ?? "overlayctl", .. IsHosted ? Environment.GetCommandLineArgs()[..1] : [], .. arguments];
        LabProcess? daemon = store.Load()?.Vteps.Select(vtep => vtep.Daemon).FirstOrDefault(LabProcesses.IsAlive);
        (string name, string[] rest) = daemon is null
            ? ("unshare", (string[])["--mount", "--propagation", "private", "/bin/sh", "-c", MountScript, "sh", .. again])
            : ("nsenter", [$"--mount=/proc/{daemon.Pid}/ns/mnt", $"--wd={Environment.CurrentDirectory}", .. again]);
        await terminal.Out.FlushAsync(CancellationToken.None);
        Environment.SetEnvironmentVariable(Inside, "1");
        int code = await Tool.RunAttachedAsync(name, rest);
        return code == Tool.NotFound ? terminal.Fail(new Failure(ExitCode.Failure, $"the command {name} is missing", "apt-get install --no-install-recommends util-linux")) : code;
    }

    // Started as 'dotnet overlayctl.dll', the program is the first argument.
    private static bool IsHosted => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet";

    // The user outside of our user namespace; null if we are in the host's own, where 4294967295 ids are mapped to themselves.
    private static string? OuterUser()
    {
        try
        {
            string[] map = File.ReadAllText("/proc/self/uid_map").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            return map is [_, _, "4294967295"] || map.Length < 3 ? null : map[1];
        }
        catch (IOException)
        {
            return null;
        }
    }
}
