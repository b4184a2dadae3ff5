using System.Buffers;
using System.Text;
using System.Text.Json;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary>Prints what the API answered, for scripts.</summary>
internal static class Json
{
    /// <summary>
    /// The body on one line (a watch then gives one object a line), its strings in ASCII: a program may hand them to a terminal.
    /// </summary>
    /// <exception cref="JsonException">The body is not JSON.</exception>
    public static void Print(Terminal terminal, string body)
    {
        using JsonDocument document = JsonDocument.Parse(body);
        ArrayBufferWriter<byte> buffer = new(body.Length);
        using (Utf8JsonWriter writer = new(buffer)) document.WriteTo(writer);
        terminal.Out.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    /// <summary>A list of the body alone, or those of its items that meet a condition.</summary>
    public static void PrintMember(Terminal terminal, string body, string member, Predicate<JsonElement>? condition = null)
    {
        using JsonDocument document = JsonDocument.Parse(body);
        ArrayBufferWriter<byte> buffer = new(body.Length);
        using (Utf8JsonWriter writer = new(buffer))
        {
            writer.WriteStartArray();
            foreach (JsonElement item in document.RootElement.GetProperty(member).EnumerateArray())
            {
                if (condition is null || condition(item)) item.WriteTo(writer);
            }

            writer.WriteEndArray();
        }

        terminal.Out.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }
}
