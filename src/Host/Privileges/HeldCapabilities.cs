using System.Globalization;

namespace Overlay.Host.Privileges;

/// <summary>The capability sets of the calling thread, from <c>/proc</c>.</summary>
/// <param name="Permitted">What it may use.</param>
/// <param name="Effective">What it uses now.</param>
/// <param name="Bounding">What it could ever get by starting a program.</param>
public sealed record HeldCapabilities(CapabilitySet Permitted, CapabilitySet Effective, CapabilitySet Bounding)
{
    private const string StatusFile = "/proc/thread-self/status";

    /// <summary>The sets now; none where they cannot be read.</summary>
    public static HeldCapabilities Read()
    {
        try
        {
            return Parse(File.ReadAllLines(StatusFile));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new HeldCapabilities(default, default, default);
        }
    }

    /// <summary>Reads the lines of a status file.</summary>
    public static HeldCapabilities Parse(IReadOnlyCollection<string> lines)
    {
        CapabilitySet Of(string key) =>
            lines.FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal)) is { } line &&
            ulong.TryParse(line.AsSpan(key.Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var bits)
                ? new CapabilitySet(bits)
                : default;
        return new HeldCapabilities(Of("CapPrm:"), Of("CapEff:"), Of("CapBnd:"));
    }
}
