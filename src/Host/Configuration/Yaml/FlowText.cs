using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Overlay.Host.Configuration.Yaml;

/// <summary>Writes JSON values as YAML on one line, in the manner of the annotated example: plain words where they cannot be mistaken, quotes elsewhere.</summary>
internal static class FlowText
{
    private static readonly SearchValues<char> WordCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-");
    private static readonly SearchValues<char> AddressCharacters = SearchValues.Create("0123456789./");
    private static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.Default;

    /// <summary>Writes a value.</summary>
    public static string Of(JsonElement value)
    {
        var text = new StringBuilder();
        Write(text, value);
        return text.ToString();
    }

    /// <summary>Writes a mapping without some of its keys.</summary>
    public static string Of(JsonElement map, params ReadOnlySpan<string> except)
    {
        var text = new StringBuilder();
        WriteMap(text, map, except);
        return text.ToString();
    }

    /// <summary>Writes a text.</summary>
    public static string Of(string value) => IsPlain(value) ? value : $"\"{Encoder.Encode(value)}\"";

    private static void Write(StringBuilder text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                WriteMap(text, value, []);
                break;
            case JsonValueKind.Array:
                var isFirst = true;
                text.Append('[');
                foreach (var item in value.EnumerateArray())
                {
                    text.Append(isFirst ? "" : ", ");
                    isFirst = false;
                    Write(text, item);
                }

                text.Append(']');
                break;
            case JsonValueKind.String:
                text.Append(Of(value.GetString()!));
                break;
            default:
                text.Append(value.GetRawText());
                break;
        }
    }

    private static void WriteMap(StringBuilder text, JsonElement map, ReadOnlySpan<string> except)
    {
        var isFirst = true;
        text.Append('{');
        foreach (var property in map.EnumerateObject())
        {
            if (except.Contains(property.Name))
            {
                continue;
            }

            // A VLAN id is a key too, and a plain number there.
            text.Append(isFirst ? " " : ", ").Append(IsShortNumber(property.Name) ? property.Name : Of(property.Name)).Append(": ");
            isFirst = false;
            Write(text, property.Value);
        }

        text.Append(isFirst ? "}" : " }");
    }

    // Words of other YAML versions (yes, off) are quoted too: this file may be read by others.
    private static bool IsPlain(string value) =>
        value.Length is > 0 and <= 256 && (IsWord(value) || IsIPv4(value)) &&
        value.ToLowerInvariant() is not ("null" or "true" or "false" or "yes" or "no" or "on" or "off" or "y" or "n");

    private static bool IsWord(string value) => (char.IsAsciiLetter(value[0]) || value[0] == '/') && value.AsSpan().IndexOfAnyExcept(WordCharacters) < 0;

    private static bool IsIPv4(string value) => value.AsSpan().IndexOfAnyExcept(AddressCharacters) < 0 && value.AsSpan().Count('.') == 3 && value[^1] is not ('.' or '/');

    private static bool IsShortNumber(string value) => value.Length is > 0 and < 10 && value[0] is >= '1' and <= '9' && value.All(char.IsAsciiDigit);
}
