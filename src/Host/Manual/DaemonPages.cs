using Overlay.Host.Configuration.Keys;
using Overlay.Manual;

namespace Overlay.Host.Manual;

/// <summary>The manual pages of <c>overlayd</c> and of its configuration file, from what the daemon itself goes by.</summary>
internal static class DaemonPages
{
    /// <summary><c>overlayd(8)</c> or <c>overlayd.yaml(5)</c>; null for any other name.</summary>
    public static string? Render(string page) => page switch
    {
        "overlayd" => Daemon(),
        "overlayd.yaml" => Configuration(),
        _ => null,
    };

    private static string Daemon()
    {
        ManPage page = new("overlayd", 8, "VXLAN and Geneve overlay dataplane", BuildInformation.Version, "overlayd --print-man overlayd");
        page.Section("SYNOPSIS").Verbatim(CommandLine.Synopsis.Select(line => line.Usage));
        page.Section("DESCRIPTION")
            .Paragraph(
                "overlayd reads Ethernet frames from TAP devices and veth ends, wraps them in VXLAN (RFC 7348) or Geneve (RFC 8926) and sends them over UDP to the VTEP that owns the " +
                "destination MAC; it does the reverse for what arrives. It runs in user space and needs no kernel module but `tun`.")
            .Paragraph("It is steered by one YAML file, overlayd.yaml(5), and looked at and changed while it runs by overlayctl(8).");
        page.Section("OPTIONS");
        foreach ((string usage, string meaning) in CommandLine.Synopsis) page.Term(usage, meaning);
        page.Section("SIGNALS")
            .Term("SIGHUP", "Reads the configuration again. One that is wrong is refused whole, and what ran keeps running.")
            .Term("SIGTERM, SIGINT", "Drains and stops: ports are read no more, what is on its way goes out, sockets and devices close. A second one stops at once.");
        page.Section("EXIT STATUS")
            .Term("0", "Stopped as asked.")
            .Term("1", "Failure: it could not start, or could not go on.")
            .Term("2", "Usage, or a configuration that is refused: each mistake with its line, key and what was expected.");
        page.Section("ENVIRONMENT")
            .Term("OVERLAY__SECTION__KEY", "Overrides a key of the configuration: `OVERLAY__listen__vxlan=4790`.")
            .Term("NOTIFY_SOCKET, WATCHDOG_USEC", "Set by systemd: readiness, a line of status and the watchdog's sign of life are sent there.");
        page.Section("FILES")
            .Term(CommandLine.DefaultFile, "The configuration.")
            .Term("/run/overlay/overlayd.sock", "The admin API, HTTP and JSON, mode 0660. Whoever can open it controls the daemon.")
            .Term("/var/lib/overlay", "What outlives a restart.");
        page.Section("PRIVILEGES").Paragraph(
            "`CAP_NET_ADMIN` makes TAPs and sets their MTU; `CAP_NET_RAW` opens veth ends; `CAP_SYS_ADMIN` enters the network namespaces that ports name; `CAP_BPF` loads the programs that " +
            "choose a frame's queue. With TAPs that were made for its user it needs none. `overlayctl doctor` says what is missing and what it is for.");
        return page.SeeAlso(("overlayctl", 8), ("overlayd.yaml", 5), ("systemctl", 1)).ToString();
    }

    private static string Configuration()
    {
        ManPage page = new("overlayd.yaml", 5, "configuration of overlayd", BuildInformation.Version, "overlayd --print-man overlayd.yaml");
        page.Section("SYNOPSIS").Verbatim([CommandLine.DefaultFile]);
        page.Section("DESCRIPTION")
            .Paragraph("The file is YAML (JSON is YAML too): at most 1 MiB, UTF-8, not writable by others; no anchors, aliases or tags. Unknown and duplicate keys are errors.")
            .Paragraph(
                "Check a file with `overlayctl config check FILE`, apply it with `overlayctl config reload` or SIGHUP. A reload is refused whole if the file is wrong or if a key changed that needs a " +
                "restart; what ran keeps running.")
            .Paragraph(
                "An environment variable overrides a key: `OVERLAY__listen__vxlan=4790`, `OVERLAY__peers__0__encap=geneve`. Two underscores separate the parts of the path, a number is an item of a " +
                "list, and the value is read as YAML.")
            .Paragraph("Durations have a unit: `300s`, `5m`, `500ms`, `0us`. A `<name>` is the operator's to choose, `[]` stands for an item of a list.");
        page.Section("EXAMPLE").Verbatim(
        [
            "node:  { name: vtep-a, local: [192.0.2.1, \"2001:db8::1\"] }",
            "ports:",
            "  web: { tap: tap-web }",
            "vnis:",
            "  - { id: 100, ports: [web] }",
            "peers:",
            "  - { name: b, addresses: [192.0.2.2, \"2001:db8::2\"], encap: geneve, vnis: [100] }",
            "  - { name: c, addresses: [192.0.2.3], encap: vxlan, vnis: [100] }",
        ]);
        page.Section("KEYS");
        foreach (ConfigKey key in ConfigKeys.All)
        {
            if (key.Parent.Length == 0) page.Heading(key.Path).Paragraph(key.Description);
            else page.Term(key.Path, key.Description).More($"Values: {key.Values}. Default: {key.Default}.{(key.Reload ? "" : " A change needs a restart.")}");
        }

        page.Section("FILES").Term("/usr/share/doc/overlay/overlayd.example.yaml", "An annotated example with every key.");
        return page.SeeAlso(("overlayd", 8), ("overlayctl", 8)).ToString();
    }
}
