using System.Globalization;

namespace Overlay.Host.Systemd;

/// <summary>
/// Reads what a supervisor says of the descriptors it passed (sd_listen_fds_with_names(3)): <c>LISTEN_PID</c>, <c>LISTEN_FDS</c> and <c>LISTEN_FDNAMES</c>. Total: whatever stands
/// there, it gives a list, which is empty if the variables are not for this process.
/// </summary>
public static class ListenDescriptors
{
    /// <summary>Descriptors that are believed at most.</summary>
    public const int Max = 65_536;

    /// <summary>The name that systemd gives to what has none.</summary>
    public const string Unnamed = "unknown";

    /// <summary>The names of the descriptors from 3 on.</summary>
    /// <param name="pid"><c>LISTEN_PID</c>.</param>
    /// <param name="count"><c>LISTEN_FDS</c>.</param>
    /// <param name="names"><c>LISTEN_FDNAMES</c>: separated by colons; those that are missing are <see cref="Unnamed"/>.</param>
    /// <param name="ownPid">This process.</param>
    public static IReadOnlyList<string> Parse(string? pid, string? count, string? names, int ownPid)
    {
        if (!int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out var meant) || meant != ownPid
            || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > Max)
        {
            return [];
        }

        var given = string.IsNullOrEmpty(names) ? [] : names.Split(':');
        var all = new string[number];
        for (var i = 0; i < number; i++)
        {
            all[i] = i < given.Length && given[i].Length > 0 ? given[i] : Unnamed;
        }

        return all;
    }

    /// <summary>The names that this process's environment has; they are taken out of it, so that no child takes them for its own.</summary>
    public static IReadOnlyList<string> TakeFromEnvironment()
    {
        var names = Parse(
            Environment.GetEnvironmentVariable("LISTEN_PID"), Environment.GetEnvironmentVariable("LISTEN_FDS"), Environment.GetEnvironmentVariable("LISTEN_FDNAMES"), Environment.ProcessId);
        foreach (var variable in new[] { "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES" })
        {
            Environment.SetEnvironmentVariable(variable, null);
        }

        return names;
    }
}
