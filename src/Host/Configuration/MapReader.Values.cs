using System.Text;
using Overlay.Encap;
using Overlay.Host.Configuration.Keys;
using Overlay.Host.Configuration.Yaml;

namespace Overlay.Host.Configuration;

/// <content>Scalars.</content>
public sealed partial class MapReader
{
    /// <summary>A text, or null.</summary>
    public string? Text(string key)
    {
        switch (Get(key))
        {
            case null:
                return null;
            case YamlScalar scalar:
                return scalar.Value;
            case var other:
                Problems.Error(other, PathOf(key), $"expected one value, found {other.Kind}");
                return null;
        }
    }

    /// <summary>A truth value.</summary>
    public bool Bool(string key, bool absent)
    {
        switch (Get(key))
        {
            case null:
                return absent;
            case YamlScalar { IsPlain: true, Value: "true" }:
                return true;
            case YamlScalar { IsPlain: true, Value: "false" }:
                return false;
            case var other:
                Problems.Error(other, PathOf(key), $"expected true or false, found {Shown(other)}");
                return absent;
        }
    }

    /// <summary>A whole number within bounds.</summary>
    public long Number(string key, long absent, long min, long max) =>
        Get(key) is { } node && Scalars.Number(Problems, node, PathOf(key), min, max) is { } value ? value : absent;

    /// <summary>A whole number within bounds, or null where the key is absent or null.</summary>
    public long? NumberOrNull(string key, long min, long max) =>
        Get(key) is { } node ? Scalars.Number(Problems, node, PathOf(key), min, max) : null;

    /// <summary>A whole number within bounds; null for a keyword.</summary>
    public long? NumberOr(string key, string keyword, long? absent, long min, long max)
    {
        var node = Get(key);
        return node is null ? absent
            : node is YamlScalar scalar && scalar.Value == keyword ? null
            : Scalars.Number(Problems, node, PathOf(key), min, max, keyword) ?? absent;
    }

    /// <summary>A VNI, or null.</summary>
    public Vni? Vni(string key) => NumberOrNull(key, 0, Encap.Vni.MaxValue) is { } value ? new Vni((uint)value) : null;

    /// <summary>One word of several.</summary>
    public T Word<T>(string key, T absent, params ReadOnlySpan<(string Word, T Value)> words)
    {
        if (Get(key) is not { } node)
        {
            return absent;
        }

        var names = new List<string>(words.Length);
        foreach (var (word, value) in words)
        {
            if (node is YamlScalar scalar && scalar.Value == word)
            {
                return value;
            }

            names.Add(word);
        }

        var hint = node is YamlScalar wrong && Suggest.Nearest(wrong.Value, names) is { } near ? $"; did you mean '{near}'?" : "";
        Problems.Error(node, PathOf(key), $"expected {string.Join(", ", names)}, found {Shown(node)}{hint}");
        return absent;
    }

    /// <summary>A duration with a unit.</summary>
    public TimeSpan Duration(string key, TimeSpan absent, TimeSpan max, TimeSpan min = default)
    {
        if (Get(key) is not { } node)
        {
            return absent;
        }

        if (node is not YamlScalar scalar || !Scalars.TryDuration(scalar.Value, out var value))
        {
            Problems.Error(node, PathOf(key), $"expected a duration with a unit (us, ms, s, m, h), such as 300s or 5m, found {Shown(node)}");
            return absent;
        }

        if (value > max)
        {
            Problems.Error(node, PathOf(key), $"expected at most {(max.TotalHours >= 1 ? $"{max.TotalHours:0}h" : $"{max.TotalMicroseconds:0}us")}, found {Shown(node)}");
            return absent;
        }

        if (value < min)
        {
            Problems.Error(node, PathOf(key), $"expected at least {min.TotalSeconds:0}s, found {Shown(node)}");
            return absent;
        }

        return value;
    }

    /// <summary>A name the operator chose.</summary>
    public string? Name(string key, int max)
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        if (Scalars.NameFault(text, max) is { } fault)
        {
            Error(key, fault);
            return null;
        }

        return text;
    }

    /// <summary>A network device's name.</summary>
    public string? Device(string key)
    {
        if (Text(key) is not { } text)
        {
            return null;
        }

        if (Scalars.DeviceFault(text) is { } fault)
        {
            Error(key, fault);
            return null;
        }

        return text;
    }

    /// <summary>An absolute path.</summary>
    public string AbsolutePath(string key, string absent, int max)
    {
        if (Text(key) is not { } text)
        {
            return absent;
        }

        if (!text.StartsWith('/') || text.Any(char.IsControl) || Encoding.UTF8.GetByteCount(text) > max)
        {
            Error(key, $"expected an absolute path of at most {max} octets, found {KeyPath.Printable(text)}");
            return absent;
        }

        return text;
    }

    /// <summary>A unicast MAC that is not zero, or null.</summary>
    public MacAddress? Mac(string key) => Get(key) is { } node ? Scalars.Mac(Problems, node, PathOf(key)) : null;

    private static string Shown(YamlNode node) => node is YamlScalar scalar ? $"'{KeyPath.Printable(scalar.Value)}'" : node.Kind;
}
