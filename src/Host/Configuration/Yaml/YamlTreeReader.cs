using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Overlay.Host.Configuration.Yaml;

/// <summary>
/// Reads a YAML document into <see cref="YamlNode"/>s from the parser's events: no reflection, no type guessing, no anchors (an alias can
/// make a kilobyte stand for a gigabyte), no tags, one document. Total: whatever the text, the outcome is a tree or errors.
/// </summary>
/// <remarks>Not thread-safe; one instance reads one text.</remarks>
public sealed class YamlTreeReader
{
    /// <summary>Mappings and lists inside each other.</summary>
    public const int MaxDepth = 16;

    private readonly string _source;
    private readonly string _text;
    private readonly ProblemList _problems;
    private Parser _parser = null!;

    private YamlTreeReader(string text, string source, ProblemList problems)
    {
        _text = text;
        _source = source;
        _problems = problems;
    }

    /// <summary>Reads a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="source">What errors call it.</param>
    /// <param name="problems">Where errors go.</param>
    /// <returns>The root, or null: for an empty document, or after an error that leaves nothing to go on with.</returns>
    public static YamlNode? Read(string text, string source, ProblemList problems) => new YamlTreeReader(text, source, problems).Read();

    private ParsingEvent? Current => _parser.Current;

    private YamlNode? Read()
    {
        try
        {
            using var reader = new StringReader(_text);
            _parser = new Parser(reader);
            if (!_parser.MoveNext() || !_parser.MoveNext() || Current is not DocumentStart || !_parser.MoveNext())
            {
                return null;
            }

            var root = ReadNode("", 0);
            if (root is not null && Current is DocumentEnd && _parser.MoveNext() && Current is DocumentStart second)
            {
                Report(second.Start, "", "a second document begins here; the configuration is one document: remove the '---'");
                return null;
            }

            return root;
        }
        catch (YamlException error)
        {
            Report(error);
            return null;
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The scanner's own slips on text that is far from YAML.
            Report(Current?.End ?? Mark.Empty, "", $"not YAML from here on: {error.Message}");
            return null;
        }
    }

    private YamlNode? ReadNode(string path, int depth)
    {
        if (Current is not { } current)
        {
            return null;
        }

        if (depth > MaxDepth)
        {
            Report(current.Start, path, $"nested more than {MaxDepth} deep; nothing in the configuration is");
            return null;
        }

        switch (current)
        {
            case AnchorAlias:
                Report(current.Start, path, "aliases (*name) are not accepted: write the value out");
                return null;
            case NodeEvent node when !node.Anchor.IsEmpty:
                Report(current.Start, path, "anchors (&name) are not accepted: write the value out");
                return null;
            case NodeEvent node when !node.Tag.IsEmpty:
                Report(current.Start, path, "tags (!name) are not accepted: remove it");
                return null;
            case Scalar scalar:
                _parser.MoveNext();
                return new YamlScalar(_source, Line(scalar.Start), Column(scalar.Start), scalar.Value, scalar.Style == ScalarStyle.Plain);
            case SequenceStart start:
                return ReadSequence(start, path, depth);
            case MappingStart start:
                return ReadMapping(start, path, depth);
            default:
                Report(current.Start, path, "a value was expected here");
                return null;
        }
    }

    private YamlSequence? ReadSequence(SequenceStart start, string path, int depth)
    {
        var items = new List<YamlNode>();
        _parser.MoveNext();
        while (Current is not SequenceEnd)
        {
            var item = ReadNode($"{path}[{items.Count}]", depth + 1);
            if (item is null)
            {
                return null;
            }

            items.Add(item);
        }

        _parser.MoveNext();
        return new YamlSequence(_source, Line(start.Start), Column(start.Start), items);
    }

    private YamlMapping? ReadMapping(MappingStart start, string path, int depth)
    {
        var entries = new List<YamlEntry>();
        var seen = new Dictionary<string, YamlScalar>(StringComparer.Ordinal);
        _parser.MoveNext();
        while (Current is not MappingEnd)
        {
            var keyNode = ReadNode(path, depth + 1);
            if (keyNode is null)
            {
                return null;
            }

            if (keyNode is not YamlScalar key)
            {
                _problems.Error(keyNode, path, $"{keyNode.Kind} cannot be a key: quote the text if it has special characters");
                return null;
            }

            var keyPath = KeyPath.Join(path, key.Value);
            var value = ReadNode(keyPath, depth + 1);
            if (value is null)
            {
                return null;
            }

            if (seen.TryGetValue(key.Value, out var first))
            {
                _problems.Error(key, keyPath, $"duplicate key, first written at line {first.Line}: keep one of them");
                continue;
            }

            seen.Add(key.Value, key);
            entries.Add(new YamlEntry(key, value));
        }

        _parser.MoveNext();
        return new YamlMapping(_source, Line(start.Start), Column(start.Start), entries);
    }

    private void Report(YamlException error)
    {
        var message = Trim(error.InnerException?.Message ?? error.Message);

        // A tab in the indentation is reported by the parser wherever it first fails to make sense of it, mostly far away.
        var number = 0;
        foreach (var line in _text.AsSpan().EnumerateLines())
        {
            number++;
            var indent = line.Length - line.TrimStart(" \t").Length;
            if (line[..indent].Contains('\t') && indent < line.Length)
            {
                _problems.Error(_source, number, line.IndexOf('\t') + 1, "", "a tab in the indentation: YAML is indented with blanks");
                return;
            }
        }

        var body = _text.AsSpan().TrimEnd();
        var lastLine = body.Count('\n') + 1;
        if (error.Start.Index >= body.Length || error.End.Index >= body.Length || Line(error.Start) > lastLine)
        {
            _problems.Error(_source, lastLine, body.Length - body.LastIndexOf('\n'), "", $"not YAML: {message}; the file ends here: is it complete?");
            return;
        }

        Report(error.Start, "", $"not YAML: {message}");
    }

    // The parser's own messages begin with a position that we give in our own form.
    private static string Trim(string message)
    {
        var end = message.IndexOf("): ", StringComparison.Ordinal);
        var text = message.StartsWith('(') && end > 0 ? message[(end + 3)..] : message;
        return text.TrimEnd('.').Replace('\n', ' ');
    }

    private void Report(Mark mark, string path, string message) => _problems.Error(_source, Line(mark), Column(mark), path, message);

    private static int Line(Mark mark) => (int)Math.Max(1, mark.Line);

    private static int Column(Mark mark) => (int)Math.Max(1, mark.Column);
}
