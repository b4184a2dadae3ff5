using System.Globalization;
using Overlay.Control;
using Overlay.Host.Configuration.Yaml;

namespace Overlay.Host.Configuration.Sections;

/// <summary><c>control.guard</c> and <c>control.stale_hold</c>.</summary>
internal static class GuardSection
{
    private static readonly TimeSpan MaxHold = TimeSpan.FromHours(24);

    public static GuardOptions Read(MapReader guard)
    {
        var defaults = new GuardOptions();
        return new GuardOptions
        {
            Enabled = guard.Bool("enabled", defaults.Enabled),
            Share = ReadShare(guard, defaults.Share),
            Entries = (int)guard.Number("entries", defaults.Entries, 0, 1_000_000),
            Hold = guard.Duration("hold", defaults.Hold, MaxHold, TimeSpan.FromSeconds(1)),
        };
    }

    /// <summary>Null for ever.</summary>
    public static TimeSpan? ReadStaleHold(MapReader control) =>
        control.Get("stale_hold") is null or YamlScalar { Value: "never" } ? null : control.Duration("stale_hold", TimeSpan.Zero, MaxHold);

    private static int ReadShare(MapReader guard, int absent)
    {
        if (guard.Get("share") is not { } node)
        {
            return absent;
        }

        if (node is YamlScalar { Value: [.. var digits, '%'] } && digits.Length <= 3 && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var share) && share <= 100)
        {
            return share;
        }

        guard.Error("share", $"expected a percentage from 0% to 100%, such as 20%, found {(node is YamlScalar scalar ? $"'{KeyPath.Printable(scalar.Value)}'" : node.Kind)}");
        return absent;
    }
}
