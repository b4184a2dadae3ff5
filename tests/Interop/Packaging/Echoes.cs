using System.Globalization;

namespace Overlay.Interop.Packaging;

/// <summary>
/// The answers that <c>ping</c> printed. Its own summary is no judge on a busy machine: it waits for the last answers no longer than two round trips, and
/// what is under way when it is stopped counts as lost.
/// </summary>
internal static class Echoes
{
    /// <summary>Sequence numbers without an answer before the last one that was answered.</summary>
    public static IReadOnlyList<int> Missing(string output)
    {
        var answered = output.Split('\n').Where(l => l.Contains("bytes from", StringComparison.Ordinal))
            .Select(l => int.Parse(l.Split("icmp_seq=")[1].Split(' ')[0], CultureInfo.InvariantCulture)).ToHashSet();
        return [.. Enumerable.Range(1, answered.DefaultIfEmpty(0).Max()).Where(n => !answered.Contains(n))];
    }
}
