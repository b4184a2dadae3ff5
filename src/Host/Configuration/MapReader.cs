using Overlay.Host.Configuration.Keys;
using Overlay.Host.Configuration.Yaml;

namespace Overlay.Host.Configuration;

/// <summary>
/// Reads the values of one mapping by key, with a complaint for every key that does not belong there and every value that is not what the
/// key takes. After a complaint the default is returned: the caller reads on, and the whole is refused at the end.
/// </summary>
public sealed partial class MapReader
{
    private readonly YamlMapping? _map;
    private readonly string _pattern;

    private MapReader(ProblemList problems, YamlMapping? map, YamlNode? node, string pattern, string path)
    {
        Problems = problems;
        _map = map;
        Node = node;
        _pattern = pattern;
        Path = path;
    }

    /// <summary>Where complaints go.</summary>
    public ProblemList Problems { get; }

    /// <summary>The mapping's node, or null if it is absent.</summary>
    public YamlNode? Node { get; }

    /// <summary>The mapping's path.</summary>
    public string Path { get; }

    /// <summary>Opens a mapping.</summary>
    /// <param name="problems">Where complaints go.</param>
    /// <param name="node">The node; null or a YAML null is an empty mapping.</param>
    /// <param name="pattern">Its path in the form of <see cref="ConfigKey.Path"/>.</param>
    /// <param name="path">Its path in the file.</param>
    public static MapReader Open(ProblemList problems, YamlNode? node, string pattern, string path)
    {
        if (node is null or YamlScalar { IsNull: true })
        {
            return new MapReader(problems, null, node, pattern, path);
        }

        if (node is not YamlMapping map)
        {
            problems.Error(node, path, $"expected keys with values, found {node.Kind}");
            return new MapReader(problems, null, node, pattern, path);
        }

        var known = ConfigKeys.Children(pattern);
        foreach (var entry in map.Entries.Where(entry => !known.Contains(entry.Key.Value, StringComparer.Ordinal)))
        {
            problems.Error(entry.Key, KeyPath.Join(path, entry.Key.Value), $"unknown key{Suggest.Clause(entry.Key.Value, known)}");
        }

        return new MapReader(problems, map, node, pattern, path);
    }

    /// <summary>The path of a key of this mapping.</summary>
    public string PathOf(string key) => KeyPath.Join(Path, key);

    /// <summary>The value of a key; null if it is absent or null.</summary>
    public YamlNode? Get(string key) => _map?.Find(key)?.Value is { } value and not YamlScalar { IsNull: true } ? value : null;

    /// <summary>True if the key is written, with whatever value.</summary>
    public bool Has(string key) => _map?.Find(key) is not null;

    /// <summary>The node to blame for a key: its value, or the mapping where it is absent.</summary>
    public YamlNode Blame(string key) => _map?.Find(key)?.Value ?? Node ?? new YamlScalar("", 0, 0, "", true);

    /// <summary>Opens a mapping inside this one.</summary>
    public MapReader Map(string key) => Open(Problems, Get(key), _pattern.Length == 0 ? key : $"{_pattern}.{key}", PathOf(key));

    /// <summary>Opens each value of a mapping whose keys are names the operator chose.</summary>
    public IEnumerable<(YamlScalar Name, YamlNode Value, string Path)> Named(string key)
    {
        switch (Get(key))
        {
            case null:
                return [];
            case YamlMapping map:
                return map.Entries.Select(entry => (entry.Key, entry.Value, KeyPath.Join(PathOf(key), entry.Key.Value)));
            case var other:
                Problems.Error(other, PathOf(key), $"expected keys with values, found {other.Kind}");
                return [];
        }
    }

    /// <summary>The items of a list.</summary>
    public IReadOnlyList<(YamlNode Node, string Path)> List(string key, int max = int.MaxValue)
    {
        switch (Get(key))
        {
            case null:
                return [];
            case YamlSequence list when list.Items.Count > max:
                Problems.Error(list.Items[max], PathOf(key), $"at most {max} items, there are {list.Items.Count}");
                return [];
            case YamlSequence list:
                return [.. list.Items.Select((item, index) => (item, KeyPath.Item(PathOf(key), index)))];
            case var other:
                Problems.Error(other, PathOf(key), $"expected a list, found {other.Kind}: write [ … ], or '- ' before each item");
                return [];
        }
    }

    /// <summary>Notes an error at a key.</summary>
    public void Error(string key, string message) => Problems.Error(Blame(key), PathOf(key), message);

    /// <summary>Notes that a required key is missing.</summary>
    public void Missing(string key, string expected) =>
        Problems.Error(Blame(key), PathOf(key), $"required, and missing: expected {expected}");

    /// <summary>
    /// A key that is of the schema but not of this version: the value that means "off" is accepted, any other refused by name. Nothing that an
    /// operator asks for is ignored in silence.
    /// </summary>
    public void OnlyOff(string key, string what, params ReadOnlySpan<string> off)
    {
        if (Get(key) is not { } node || (node is YamlScalar scalar && off.Contains(scalar.Value)))
        {
            return;
        }

        var accepted = off.Length == 0 ? "remove the key or set it to null" : $"remove the key or set it to {string.Join(" or ", off.ToArray())}";
        Problems.Error(node, PathOf(key), $"{what} is not supported in this version: {accepted}");
    }
}
