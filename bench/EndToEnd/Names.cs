namespace Overlay.EndToEnd;

/// <summary>Names of enum members on the command line and in reports, and what belongs to a row.</summary>
internal static class Names
{
    public static string Of<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    public static bool TryParse<T>(string text, out T value)
        where T : struct, Enum => Enum.TryParse(text, ignoreCase: true, out value) && Enum.IsDefined(value) && !char.IsAsciiDigit(text[0]);

    public static string All<T>()
        where T : struct, Enum => string.Join(", ", Enum.GetValues<T>().Select(Of));

    /// <summary>The layout a row is measured in.</summary>
    public static Layout LayoutOf(Row row) => row switch
    {
        Row.Flows or Row.Mixed => Layout.Many,
        Row.Bridge => Layout.Bridge,
        _ => Layout.Host,
    };
}
