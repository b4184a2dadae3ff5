using Overlay.Host.Configuration.Yaml;
using Overlay.Host.Privileges;

namespace Overlay.Host.Configuration.Sections;

/// <summary><c>privileges</c>.</summary>
internal static class PrivilegeSection
{
    private const string Key = "capabilities";

    public static PrivilegeSpec Read(MapReader privileges)
    {
        if (privileges.Get(Key) is not YamlSequence)
        {
            return privileges.Word(
                Key,
                new PrivilegeSpec(PrivilegeMode.Given),
                ("given", new PrivilegeSpec(PrivilegeMode.Given)),
                ("auto", new PrivilegeSpec(PrivilegeMode.Auto)),
                ("none", new PrivilegeSpec(PrivilegeMode.Listed)));
        }

        var listed = default(CapabilitySet);
        foreach (var (item, path) in privileges.List(Key, CapabilitySet.Last + 1))
        {
            var word = (item as YamlScalar)?.Value ?? "";
            if (CapabilitySet.TryParse(word, out var capability))
            {
                listed |= capability;
            }
            else
            {
                privileges.Problems.Error(item, path, $"expected a capability such as net_admin, found '{KeyPath.Printable(word)}'; see capabilities(7)");
            }
        }

        return new PrivilegeSpec(PrivilegeMode.Listed, listed);
    }
}
