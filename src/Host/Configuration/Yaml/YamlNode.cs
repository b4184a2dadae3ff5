namespace Overlay.Host.Configuration.Yaml;

/// <summary>A node of a configuration document. Knows where it was written, so that every complaint can point there.</summary>
/// <param name="Source">The file it is from, or the environment variable.</param>
/// <param name="Line">Line, from 1; 0 for an environment variable.</param>
/// <param name="Column">Column, from 1; 0 for an environment variable.</param>
public abstract record YamlNode(string Source, int Line, int Column)
{
    /// <summary>What it is, in the words of an error message.</summary>
    public abstract string Kind { get; }

    /// <summary>The same node said to come from elsewhere; children included.</summary>
    public abstract YamlNode WithSource(string source);
}

/// <summary>A single value.</summary>
/// <param name="Source">The file it is from.</param>
/// <param name="Line">Line.</param>
/// <param name="Column">Column.</param>
/// <param name="Value">Its text, unquoted.</param>
/// <param name="IsPlain">Written without quotes: only then may it mean null, a number or a truth value.</param>
public sealed record YamlScalar(string Source, int Line, int Column, string Value, bool IsPlain) : YamlNode(Source, Line, Column)
{
    /// <inheritdoc/>
    public override string Kind => IsNull ? "null" : "a value";

    /// <summary>Null: nothing, <c>~</c> or <c>null</c>.</summary>
    public bool IsNull => IsPlain && Value is "" or "~" or "null" or "Null" or "NULL";

    /// <inheritdoc/>
    public override YamlNode WithSource(string source) => this with { Source = source, Line = 0, Column = 0 };
}

/// <summary>A list.</summary>
/// <param name="Source">The file it is from.</param>
/// <param name="Line">Line.</param>
/// <param name="Column">Column.</param>
/// <param name="Items">Its items.</param>
public sealed record YamlSequence(string Source, int Line, int Column, List<YamlNode> Items) : YamlNode(Source, Line, Column)
{
    /// <inheritdoc/>
    public override string Kind => "a list";

    /// <inheritdoc/>
    public override YamlNode WithSource(string source) =>
        new YamlSequence(source, 0, 0, Items.ConvertAll(item => item.WithSource(source)));
}

/// <summary>Keys with their values, in the order of the file; no key twice.</summary>
/// <param name="Source">The file it is from.</param>
/// <param name="Line">Line.</param>
/// <param name="Column">Column.</param>
/// <param name="Entries">Its entries.</param>
public sealed record YamlMapping(string Source, int Line, int Column, List<YamlEntry> Entries) : YamlNode(Source, Line, Column)
{
    /// <inheritdoc/>
    public override string Kind => "a mapping";

    /// <summary>The entry of a key, or null.</summary>
    public YamlEntry? Find(string key) => Entries.Find(entry => entry.Key.Value == key);

    /// <inheritdoc/>
    public override YamlNode WithSource(string source) =>
        new YamlMapping(source, 0, 0, Entries.ConvertAll(entry => new YamlEntry((YamlScalar)entry.Key.WithSource(source), entry.Value.WithSource(source))));
}

/// <summary>A key and its value.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value.</param>
public sealed record YamlEntry(YamlScalar Key, YamlNode Value);
