using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Overlay.Host.Configuration.Yaml;

/// <summary>
/// Where a node of a document stands in its text: what <see cref="YamlNode"/> leaves out and an edit needs. Only for texts that
/// <see cref="YamlTreeReader"/> has accepted: nothing is checked twice.
/// </summary>
internal sealed class YamlSpan
{
    private YamlSpan(int start, int end)
    {
        Start = start;
        End = end;
    }

    /// <summary>Index of its first character. Of a block list: of its first dash.</summary>
    public int Start { get; }

    /// <summary>Index behind its last character; comments and blank lines that follow are not part of it.</summary>
    public int End { get; private set; }

    /// <summary>Written with brackets or braces.</summary>
    public bool IsFlow { get; private init; }

    /// <summary>The column of its first character, from 0.</summary>
    public int Column { get; private init; }

    /// <summary>A scalar's text; null for a mapping or a list.</summary>
    public string? Value { get; private init; }

    /// <summary>A mapping's entries; null if it is none.</summary>
    public List<(YamlSpan Key, YamlSpan Value)>? Entries { get; private init; }

    /// <summary>A list's items; null if it is none.</summary>
    public List<YamlSpan>? Items { get; private init; }

    /// <summary>Nothing, <c>~</c> or <c>null</c>.</summary>
    public bool IsNull { get; private init; }

    /// <summary>Reads the spans of a document.</summary>
    /// <returns>The root; null if the text is not what it was said to be.</returns>
    public static YamlSpan? Read(string text)
    {
        try
        {
            using var reader = new StringReader(text);
            var parser = new Parser(reader);
            return parser.MoveNext() && parser.MoveNext() && parser.Current is DocumentStart && parser.MoveNext() ? Node(parser, 0) : null;
        }
        catch (Exception error) when (error is YamlException or InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    /// <summary>The value of a key of a mapping; null if there is none.</summary>
    public YamlSpan? Find(string key) => IndexOf(key) is >= 0 and var at ? Entries![at].Value : null;

    /// <summary>The place of a key in a mapping; -1 if there is none.</summary>
    public int IndexOf(string key) => Entries?.FindIndex(entry => entry.Key.Value == key) ?? -1;

    private static YamlSpan? Node(Parser parser, int depth)
    {
        if (depth > YamlTreeReader.MaxDepth)
        {
            return null;
        }

        switch (parser.Current)
        {
            case Scalar scalar:
                parser.MoveNext();
                return new YamlSpan(At(scalar.Start), At(scalar.End))
                {
                    Value = scalar.Value,
                    Column = (int)scalar.Start.Column - 1,
                    IsNull = new YamlScalar("", 0, 0, scalar.Value, scalar.Style == ScalarStyle.Plain).IsNull,
                };

            case MappingStart start:
                var map = new YamlSpan(At(start.Start), At(start.End)) { Entries = [], IsFlow = start.Style == MappingStyle.Flow, Column = (int)start.Start.Column - 1 };
                parser.MoveNext();
                while (parser.Current is not MappingEnd)
                {
                    if (Node(parser, depth + 1) is not { } key || Node(parser, depth + 1) is not { } value)
                    {
                        return null;
                    }

                    map.Entries.Add((key, value));
                    map.End = Math.Max(map.End, Math.Max(key.End, value.End));
                }

                return Close(parser, map);

            case SequenceStart start:
                var list = new YamlSpan(At(start.Start), At(start.End)) { Items = [], IsFlow = start.Style == SequenceStyle.Flow, Column = (int)start.Start.Column - 1 };
                parser.MoveNext();
                while (parser.Current is not SequenceEnd)
                {
                    if (Node(parser, depth + 1) is not { } item)
                    {
                        return null;
                    }

                    list.Items.Add(item);
                    list.End = Math.Max(list.End, item.End);
                }

                return Close(parser, list);

            default:
                return null;
        }
    }

    // A block collection ends, for the parser, where something else begins; a flow one at its bracket.
    private static YamlSpan Close(Parser parser, YamlSpan collection)
    {
        if (collection.IsFlow && parser.Current is { } end)
        {
            collection.End = At(end.Start) + 1;
        }

        parser.MoveNext();
        return collection;
    }

    private static int At(Mark mark) => (int)mark.Index;
}
