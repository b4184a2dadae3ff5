using System.Globalization;
using Overlay.Host.Configuration.Yaml;

namespace Overlay.Host.Configuration;

/// <summary>
/// <c>OVERLAY__listen__vxlan=4790</c>: replaces or adds one value of the tree before it is validated, so that an override is judged like a line
/// of the file. The value is read as YAML; errors name the variable.
/// </summary>
internal static class EnvironmentOverrides
{
    public static YamlMapping Apply(YamlMapping root, IReadOnlyDictionary<string, string> environment, ProblemList problems)
    {
        foreach (var (variable, text) in environment.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var segments = variable[ConfigurationLoader.EnvironmentPrefix.Length..].Split("__");
            var inner = new ProblemList();
            var value = YamlTreeReader.Read(text, variable, inner)?.WithSource(variable) ?? new YamlScalar(variable, 0, 0, "", true);
            foreach (var error in inner.Errors)
            {
                problems.Error(variable, 0, 0, string.Join('.', segments), error.Message);
            }

            if (!inner.HasErrors && Put(root, segments, value, variable) is { } fault)
            {
                problems.Error(variable, 0, 0, string.Join('.', segments), fault);
            }
        }

        return root;
    }

    private static string? Put(YamlNode node, ReadOnlySpan<string> segments, YamlNode value, string variable)
    {
        var head = segments[0];
        if (head.Length == 0)
        {
            return "the variable's name has an empty part: write OVERLAY__listen__vxlan";
        }

        switch (node)
        {
            case YamlSequence list:
                if (!int.TryParse(head, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index > list.Items.Count)
                {
                    return $"'{KeyPath.Printable(head)}' is not an item of this list: expected a number from 0 to {list.Items.Count} (the last adds an item)";
                }

                if (index == list.Items.Count)
                {
                    list.Items.Add(segments.Length == 1 ? value : Empty(variable));
                }

                if (segments.Length == 1)
                {
                    list.Items[index] = value;
                    return null;
                }

                return Put(list.Items[index], segments[1..], value, variable);

            case YamlMapping map:
                var at = map.Entries.FindIndex(entry => entry.Key.Value == head);
                if (at < 0)
                {
                    at = map.Entries.Count;
                    map.Entries.Add(new YamlEntry(new YamlScalar(variable, 0, 0, head, true), Empty(variable)));
                }

                if (segments.Length == 1)
                {
                    map.Entries[at] = map.Entries[at] with { Value = value };
                    return null;
                }

                if (map.Entries[at].Value is YamlScalar { IsNull: true })
                {
                    map.Entries[at] = map.Entries[at] with { Value = Empty(variable) };
                }

                return Put(map.Entries[at].Value, segments[1..], value, variable);

            default:
                return $"'{KeyPath.Printable(head)}' would go into a single value; only mappings and lists have parts";
        }
    }

    private static YamlMapping Empty(string variable) => new(variable, 0, 0, []);
}
