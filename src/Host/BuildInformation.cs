using System.Reflection;
using System.Runtime.InteropServices;

namespace Overlay.Host;

/// <summary>Who we are.</summary>
internal static class BuildInformation
{
    /// <summary>The version, with the commit where the build knew it.</summary>
    public static string Version { get; } =
        Shorten(typeof(BuildInformation).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown");

    /// <summary>The line of <c>--version</c>.</summary>
    public static string Line =>
        $"overlayd {Version} ({RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier})";

    // "0.1.0+" and twelve digits of the commit tell two builds apart.
    private static string Shorten(string version) =>
        version.IndexOf('+', StringComparison.Ordinal) is >= 0 and var plus && version.Length > plus + 13 ? version[..(plus + 13)] : version;
}
