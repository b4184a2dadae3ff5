using System.Globalization;
using System.Text.Json;

namespace Overlay.Cli.Verbs;

/// <summary>Members of a request's body, from options of a command line: what was not given is not written.</summary>
internal static class JsonMembers
{
    public static void Text(this Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null) writer.WriteString(name, value);
    }

    public static void Number(this Utf8JsonWriter writer, string name, long? value)
    {
        if (value is { } number) writer.WriteNumber(name, number);
    }

    /// <summary>A number where it is one, a word (<c>auto</c>) where it is not.</summary>
    public static void NumberOrWord(this Utf8JsonWriter writer, string name, string? value)
    {
        if (value is null) return;
        if (long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long number)) writer.WriteNumber(name, number);
        else writer.WriteString(name, value);
    }

    public static void Flag(this Utf8JsonWriter writer, string name, bool value)
    {
        if (value) writer.WriteBoolean(name, true);
    }

    public static void Texts(this Utf8JsonWriter writer, string name, IReadOnlyList<string>? values)
    {
        if (values is null or []) return;
        writer.WriteStartArray(name);
        foreach (string value in values) writer.WriteStringValue(value);
        writer.WriteEndArray();
    }
}
