namespace Overlay.Cli.Verbs;

/// <summary>The query of a resource.</summary>
internal static class Query
{
    /// <summary>Names and values as they stand in a URL, beginning with a question mark; empty without values. What is null is left out.</summary>
    public static string Of(params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        string query = string.Empty;
        foreach ((string name, string? value) in parameters)
        {
            if (value is not null) query += $"{(query.Length == 0 ? '?' : '&')}{name}={Uri.EscapeDataString(value)}";
        }

        return query;
    }
}
