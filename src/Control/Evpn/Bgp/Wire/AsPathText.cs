using System.Collections.Immutable;
using System.Globalization;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>AS paths as operators write them.</summary>
public static class AsPathText
{
    /// <summary>Numbers with blanks; sets in braces, confederation sequences in parentheses, confederation sets in brackets; empty for our own AS.</summary>
    public static string Format(ImmutableArray<AsSegment> path) => string.Join(' ', path.Select(static segment => segment.Kind switch
    {
        1 => "{" + Join(segment, ',') + "}",
        3 => "(" + Join(segment, ' ') + ")",
        4 => "[" + Join(segment, ',') + "]",
        _ => Join(segment, ' '),
    }));

    private static string Join(AsSegment segment, char separator) => string.Join(separator, segment.Numbers.Select(static number => number.ToString(CultureInfo.InvariantCulture)));
}
