using System.Text;
using Overlay.Dataplane.HandOver;

namespace Overlay.Host.State;

/// <summary>
/// Which persistent TAPs this daemon made: a line each in a file of the state directory, with the alias that the device was given, its name and its namespace. The file alone removes nothing: the device
/// must carry the alias too.
/// </summary>
internal static class TapLedger
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "taps";

    private const int MaxLength = 4 << 20;

    /// <summary>Reads it. Lines that make no sense are passed over.</summary>
    /// <param name="directory">The state directory.</param>
    /// <param name="warning">What an operator should know, or null.</param>
    public static IReadOnlyList<KeptTap> Read(string directory, out string? warning)
    {
        var octets = StateFile.Read(Path.Combine(directory, FileName), MaxLength, out warning);
        return octets is null ? [] : Parse(Encoding.UTF8.GetString(octets));
    }

    /// <summary>Writes it. Gives what an operator should know, or null.</summary>
    public static string? Write(string directory, IReadOnlyCollection<KeptTap> taps)
    {
        var path = Path.Combine(directory, FileName);
        if (taps.Count == 0 && !File.Exists(path))
        {
            return null;
        }

        var text = string.Concat(taps.Select(static tap => $"{tap.Tag}\t{tap.Device}\t{tap.Netns}\n"));
        return StateFile.Write(path, Encoding.UTF8.GetBytes(text)) is { } fault
            ? $"{fault}: a TAP that is taken out of the configuration while overlayd does not run will stay. Set state.directory to a directory of this user"
            : null;
    }

    /// <summary>Reads the lines of a ledger.</summary>
    public static IReadOnlyList<KeptTap> Parse(string text) =>
    [
        .. text.Split('\n').Select(static line => line.Split('\t')).Where(static parts => parts.Length == 3 && parts[0].StartsWith(KeptTap.TagPrefix, StringComparison.Ordinal) && parts[1].Length > 0)
            .Select(static parts => new KeptTap(parts[1], parts[2].Length == 0 ? null : parts[2], parts[0])).Distinct(),
    ];

    /// <summary>
    /// The alias of this daemon's TAPs. Several daemons of a host differ in their admin socket, of which each has its own; so the alias can be told again without a file.
    /// </summary>
    /// <param name="node">The node's name.</param>
    /// <param name="socket">The admin socket.</param>
    public static string TagOf(string node, string socket)
    {
        // FNV-1a: no secret, and the same in every version.
        var hash = 2166136261u;
        foreach (var octet in Encoding.UTF8.GetBytes($"{node}\n{socket}"))
        {
            hash = (hash ^ octet) * 16777619;
        }

        return $"{KeptTap.TagPrefix}{node}:{hash:x8}";
    }
}
