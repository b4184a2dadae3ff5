using System.Text;

namespace Overlay.Host.Configuration.Keys;

/// <summary>Writes <c>docs/configuration.md</c> from the table of keys.</summary>
public static class ConfigurationReference
{
    /// <summary>The page as Markdown.</summary>
    public static string Render()
    {
        var page = new StringBuilder();
        page.Append("""
            # Configuration reference

            <!-- Generated from src/Host/Configuration/Keys/ConfigKeys.cs by: overlayd --print-configuration-reference > docs/configuration.md -->

            The file is YAML (JSON is YAML too), by default `/etc/overlay/overlayd.yaml`; `deploy/overlayd.example.yaml` is an annotated example with every key.
            At most 1 MiB, UTF-8, not writable by others; no anchors, aliases or tags; unknown and duplicate keys are errors.
            Check a file with `overlayctl config check FILE`, apply it with `overlayctl config reload` or SIGHUP. A reload is refused whole
            if the file is wrong or if a key changed that needs a restart; what ran keeps running.

            An environment variable overrides a key: `OVERLAY__listen__vxlan=4790`, `OVERLAY__peers__0__encap=geneve`. Two underscores
            separate the parts of the path, a number is an item of a list, and the value is read as YAML.

            Durations have a unit: `300s`, `5m`, `500ms`, `0us`. *reload* says whether a reload applies a change.


            """);
        foreach (var section in ConfigKeys.All.Where(key => key.Parent.Length == 0))
        {
            page.Append("## `").Append(section.Name).Append("`\n\n").Append(section.Description).Append("\n\n");
            page.Append("| key | values | default | reload | |\n|---|---|---|---|---|\n");
            foreach (var key in ConfigKeys.All.Where(key => IsIn(key, section)))
            {
                page.Append("| `").Append(key.Path).Append("` | ").Append(key.Values).Append(" | ").Append(key.Default).Append(" | ")
                    .Append(key.Reload ? "yes" : "no").Append(" | ").Append(key.Description).Append(" |\n");
            }

            page.Append('\n');
        }

        return page.ToString().TrimEnd('\n') + "\n";
    }

    private static bool IsIn(ConfigKey key, ConfigKey section) =>
        key.Path.StartsWith(section.Name + ".", StringComparison.Ordinal) || key.Path.StartsWith(section.Name + "[", StringComparison.Ordinal);
}
