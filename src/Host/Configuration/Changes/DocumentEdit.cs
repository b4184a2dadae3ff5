using Overlay.Host.Configuration.Yaml;

namespace Overlay.Host.Configuration.Changes;

/// <summary>
/// A text that is edited step by step. After each step the text is read again and compared with the same step done on the tree: an edit that did
/// anything else, in however strange a text, is refused.
/// </summary>
/// <remarks>Not thread-safe. After a step that returned false the instance is of no more use.</remarks>
internal sealed class DocumentEdit
{
    private string _text;
    private YamlMapping _tree;
    private YamlSpan _spans;

    private DocumentEdit(string text, YamlMapping tree, YamlSpan spans)
    {
        _text = text;
        _tree = tree;
        _spans = spans;
    }

    /// <summary>Opens a text; null if it is not a mapping that can be edited.</summary>
    public static DocumentEdit? Open(string text) =>
        ReadTree(text) is { } tree && YamlSpan.Read(text) is { Entries: not null } spans ? new DocumentEdit(text, tree, spans) : null;

    /// <summary>The value of a key at the top, or null.</summary>
    public YamlNode? Find(string key) => _tree.Find(key)?.Value;

    /// <summary>An item of a list at the top, or null.</summary>
    public YamlNode? Find(string key, int index) => Find(key) is YamlSequence list && index < list.Items.Count ? list.Items[index] : null;

    /// <summary>The first item of a list at the top that meets a condition; -1 if there is none.</summary>
    public int IndexOf(string key, Predicate<YamlNode> condition) => (Find(key) as YamlSequence)?.Items.FindIndex(condition) ?? -1;

    /// <summary>How many items of a list at the top meet a condition.</summary>
    public int Count(string key, Predicate<YamlNode> condition) => (Find(key) as YamlSequence)?.Items.FindAll(condition).Count ?? 0;

    /// <summary>The text as it is now.</summary>
    public EditResult Result() => new(_text);

    /// <summary>Adds a named entry to a mapping at the top, which is made if it is not there.</summary>
    public bool AddNamed(string key, string name, string value)
    {
        if (ReadValue(value) is not { } node)
        {
            return false;
        }

        return Into([], key, FlowText.Of(name) + ": " + value, isList: false, container =>
        {
            (container as YamlMapping)?.Entries.Add(new YamlEntry(Plain(name), node));
            return container is YamlMapping;
        });
    }

    /// <summary>Adds an item to a list at the top, which is made if it is not there.</summary>
    public bool AddItem(string key, string value) => AddItemTo([], key, value);

    /// <summary>Adds an item to a list inside a mapping, which is made if it is not there.</summary>
    public bool AddItemTo(object[] path, string key, string value)
    {
        if (ReadValue(value) is not { } node)
        {
            return false;
        }

        return Into(path, key, value, isList: true, container =>
        {
            (container as YamlSequence)?.Items.Add(node);
            return container is YamlSequence;
        });
    }

    /// <summary>Removes an entry or an item.</summary>
    /// <param name="path">Keys and indexes that lead there.</param>
    public bool Remove(object[] path)
    {
        if (Walk(path.AsSpan(0, path.Length - 1)) is not var (spans, node))
        {
            return false;
        }

        string? edited = null;
        switch (node)
        {
            case YamlMapping map when path[^1] is string key && spans.IndexOf(key) is >= 0 and var at:
                map.Entries.RemoveAt(at);
                edited = YamlTextEdit.RemoveEntry(_text, spans, at);
                break;
            case YamlSequence list when path[^1] is int at && at < spans.Items?.Count:
                list.Items.RemoveAt(at);
                edited = YamlTextEdit.RemoveItem(_text, spans, at);
                break;
        }

        return Accept(edited);
    }

    private bool Into(object[] path, string key, string value, bool isList, Func<YamlNode, bool> add)
    {
        if (Walk(path) is not var (spans, node) || node is not YamlMapping map)
        {
            return false;
        }

        var at = spans.IndexOf(key);
        var whole = isList ? $"[{value}]" : $"{{ {value} }}";
        YamlNode empty = isList ? new YamlSequence("", 0, 0, []) : new YamlMapping("", 0, 0, []);
        if (at < 0)
        {
            map.Entries.Add(new YamlEntry(Plain(key), empty));
            return add(empty) && Accept(AddKey(spans, key, value, whole, isList, isTop: path.Length == 0));
        }

        var (keySpan, valueSpan) = spans.Entries![at];
        if (valueSpan.IsNull)
        {
            map.Entries[at] = map.Entries[at] with { Value = empty };
            return add(empty) && Accept(YamlTextEdit.FillNull(_text, keySpan, valueSpan, whole));
        }

        if (!add(map.Entries[at].Value))
        {
            return false;
        }

        return Accept(isList ? YamlTextEdit.AddItem(_text, valueSpan, value) : AddPair(valueSpan, value));
    }

    // A section of its own gets lines of its own.
    private string? AddKey(YamlSpan map, string key, string value, string whole, bool isList, bool isTop)
    {
        if (!isTop || map.IsFlow)
        {
            return YamlTextEdit.AddEntry(_text, map, key, whole);
        }

        var newline = _text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        return _text + (_text.EndsWith('\n') || _text.Length == 0 ? "" : newline) + $"{newline}{key}:{newline}  {(isList ? "- " : "")}{value}{newline}";
    }

    private string? AddPair(YamlSpan map, string pair)
    {
        var colon = pair.IndexOf(": ", StringComparison.Ordinal);
        return YamlTextEdit.AddEntry(_text, map, pair[..colon], pair[(colon + 2)..]);
    }

    private (YamlSpan Spans, YamlNode Node)? Walk(ReadOnlySpan<object> path)
    {
        var (spans, node) = (_spans, (YamlNode)_tree);
        foreach (var step in path)
        {
            switch (step)
            {
                case string key when node is YamlMapping map && map.Find(key) is { } entry && spans.Find(key) is { } inner:
                    (spans, node) = (inner, entry.Value);
                    break;
                case int at when node is YamlSequence list && at < list.Items.Count && at < spans.Items?.Count:
                    (spans, node) = (spans.Items[at], list.Items[at]);
                    break;
                default:
                    return null;
            }
        }

        return (spans, node);
    }

    private bool Accept(string? edited)
    {
        if (edited is null || ReadTree(edited) is not { } tree || !AreEqual(tree, _tree) || YamlSpan.Read(edited) is not { } spans)
        {
            return false;
        }

        (_text, _tree, _spans) = (edited, tree, spans);
        return true;
    }

    private static YamlScalar Plain(string value) => new("", 0, 0, value, true);

    private static YamlMapping? ReadTree(string text)
    {
        var problems = new ProblemList();
        return YamlTreeReader.Read(text, "", problems) is YamlMapping map && !problems.HasErrors ? map : null;
    }

    private static YamlNode? ReadValue(string text)
    {
        var problems = new ProblemList();
        var node = YamlTreeReader.Read(text, "", problems);
        return problems.HasErrors ? null : node;
    }

    // Nothing, and a collection with nothing in it, are the same to whoever reads a configuration.
    private static bool AreEqual(YamlNode one, YamlNode other) => (one, other) switch
    {
        _ when IsEmpty(one) || IsEmpty(other) => IsEmpty(one) && IsEmpty(other),
        (YamlScalar a, YamlScalar b) => a.Value == b.Value && a.IsPlain == b.IsPlain,
        (YamlSequence a, YamlSequence b) => a.Items.Count == b.Items.Count && a.Items.Zip(b.Items).All(pair => AreEqual(pair.First, pair.Second)),
        (YamlMapping a, YamlMapping b) => a.Entries.Count == b.Entries.Count &&
            a.Entries.Zip(b.Entries).All(pair => pair.First.Key.Value == pair.Second.Key.Value && AreEqual(pair.First.Value, pair.Second.Value)),
        _ => false,
    };

    private static bool IsEmpty(YamlNode node) => node is YamlScalar { IsNull: true } or YamlSequence { Items.Count: 0 } or YamlMapping { Entries.Count: 0 };
}
