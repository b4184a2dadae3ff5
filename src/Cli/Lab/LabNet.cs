using System.Globalization;
using System.Text.Json;
using Overlay.Cli.Tools;

namespace Overlay.Cli.Lab;

/// <summary>The <c>ip</c> command. It runs in a session of its own: an interrupt of ours must not tear a step in two.</summary>
internal static class LabNet
{
    private static readonly TimeSpan StepTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Runs one step.</summary>
    /// <exception cref="LabException">It failed.</exception>
    public static async Task IpAsync(params string[] arguments)
    {
        ToolResult result = await TryIpAsync(arguments);
        if (result.IsSuccess) return;
        string next = result.FirstLine.Contains("not permitted", StringComparison.Ordinal) ? "sudo overlayctl lab up" : "overlayctl doctor";
        throw new LabException($"'ip {string.Join(' ', arguments)}' failed: {result.FirstLine}", next);
    }

    public static Task<ToolResult> TryIpAsync(params string[] arguments) =>
        Tool.RunAsync("setsid", ["ip", .. arguments], StepTimeout, CancellationToken.None);

    public static bool NetnsExists(string netns) => File.Exists("/run/netns/" + netns);

    /// <summary>Processes that live in a namespace, ourselves left out.</summary>
    public static async Task<List<LabProcess>> ProcessesAsync(string netns)
    {
        ToolResult result = await TryIpAsync("netns", "pids", netns);
        List<LabProcess> processes = [];
        foreach (string line in result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (int.TryParse(line.Trim(), CultureInfo.InvariantCulture, out int pid)
                && pid != Environment.ProcessId
                && LabProcesses.Find(pid) is { } process)
            {
                processes.Add(process);
            }
        }

        return processes;
    }

    /// <summary>The MTU of a device in a namespace, or null.</summary>
    public static async Task<int?> MtuAsync(string netns, string device)
    {
        ToolResult result = await TryIpAsync("-n", netns, "-j", "link", "show", "dev", device);
        if (!result.IsSuccess) return null;
        using JsonDocument document = JsonDocument.Parse(result.Output);
        foreach (JsonElement link in document.RootElement.EnumerateArray())
        {
            if (link.TryGetProperty("mtu", out JsonElement mtu)) return mtu.GetInt32();
        }

        return null;
    }
}
