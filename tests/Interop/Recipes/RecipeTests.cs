using System.Text;
using System.Text.RegularExpressions;
using Overlay.TestKit.Net;
using Overlay.Tests;
using Xunit;

namespace Overlay.Interop.Recipes;

/// <summary>
/// Follows the recipes of <c>docs/interop</c> as a reader would: the blocks of a page in its order, each by the shell of the host that it names. <c>/run</c> and <c>/var/lib</c> are
/// the host's own, so that programs find their usual paths there.
/// </summary>
[Trait("Category", "Peer")]
public sealed partial class RecipeTests : IDisposable
{
    private readonly NetLab _lab = new();
    private readonly Dictionary<string, RunningProcess> _shells = new(StringComparer.Ordinal);

    public static TheoryData<string> Pages => [.. Directory.GetFiles(RepositoryFiles.PathOf("docs", "interop")).Select(path => Path.GetFileName(path)!).Where(name => name != "README.md").Order(StringComparer.Ordinal)];

    public void Dispose() => _lab.Dispose();

    [Fact]
    public void The_index_names_every_recipe() =>
        Assert.All(Pages, page => Assert.Contains($"({page.Data})", File.ReadAllText(RepositoryFiles.PathOf("docs", "interop", "README.md")), StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Pages))]
    public void A_recipe_works_as_it_is_written(string page)
    {
        Requires.Tools("unshare", "nsenter");
        string text = File.ReadAllText(RepositoryFiles.PathOf("docs", "interop", page));
        bool isOvs = text.Contains("ovs-vsctl", StringComparison.Ordinal);
        bool isIPv6 = text.Contains("2001:db8::1", StringComparison.Ordinal);
        string overlay = Host("overlay");
        string peer = Host("peer");
        NetLab.Join(overlay, "u0", peer, "u0");
        NetLab.Address(overlay, "u0", isIPv6 ? "2001:db8::1/64" : "192.0.2.1/24");
        NetLab.Address(peer, "u0", isIPv6 ? "2001:db8::2/64" : "192.0.2.2/24");
        if (isOvs) StartOpenVSwitch(peer);
        int pings = 0;
        foreach (Match block in Block().Matches(text))
        {
            (string kind, string where, string body) = (block.Groups[1].Value, block.Groups[2].Value, block.Groups[3].Value);
            if (kind == "yaml")
            {
                File.WriteAllText(Path.Combine(Folder(overlay), where), body);
                continue;
            }

            pings += body.Contains("ping -c", StringComparison.Ordinal) ? 1 : 0;
            CmdResult result = Run(where == "peer" ? peer : overlay, body);
            Assert.True(result.Ok, $"{page}, on {where}:\n{body}\n{result}\n{Log(overlay)}");
        }

        Assert.True(pings >= 2, "a recipe shows frames both ways");
        Assert.StartsWith("ok", Run(overlay, "overlayctl status").StdOut, StringComparison.Ordinal);
    }

    private string Folder(string ns) => Path.Combine(_lab.Folder, "at-" + ns);

    private string Log(string ns) => File.Exists(Path.Combine(Folder(ns), "background.log")) ? File.ReadAllText(Path.Combine(Folder(ns), "background.log")) : "";

    // A process that holds the namespace and the mounts of a host, for the shells to enter.
    private string Host(string name)
    {
        string ns = _lab.AddHost(name[..1]);
        Directory.CreateDirectory(Folder(ns));
        RunningProcess holder = Cmd.Start(ns, null, "unshare", "--mount", "--propagation", "private", "/bin/sh", "-c",
            "mount -t tmpfs recipe /run && mount -t tmpfs recipe /var/lib && echo mounted && exec sleep 600");
        _lab.Own(holder);
        _shells[ns] = holder;
        Wait.Until(() => holder.StdOut.Contains("mounted", StringComparison.Ordinal), TimeSpan.FromSeconds(10), $"a host for {name}", () => holder.StdErr);
        return ns;
    }

    private CmdResult Run(string ns, string script)
    {
        string path = Path.Combine(Folder(ns), "block.sh");

        // What a block leaves running keeps no pipe of ours open.
        File.WriteAllText(path, new StringBuilder().AppendLine("set -eu").Append(script.Replace("&\n", $">>{Folder(ns)}/background.log 2>&1 </dev/null &\n", StringComparison.Ordinal)).ToString());
        string programs = $"{Path.GetDirectoryName(Binaries.Overlayd)}:{Path.GetDirectoryName(Binaries.Overlayctl)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        return Cmd.Run(null, TimeSpan.FromSeconds(60), "nsenter", $"--target={_shells[ns].Pid}", "--mount", "--net", $"--wd={Folder(ns)}", "env", $"PATH={programs}", "/bin/bash", path);
    }

    private void StartOpenVSwitch(string ns)
    {
        Requires.Tools("ovs-vswitchd", "ovsdb-server", "ovs-vsctl", "ovsdb-tool", "ethtool");
        CmdResult started = Run(ns, """
            mkdir -p /run/openvswitch
            ovsdb-tool create /run/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
            ovsdb-server /run/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock --unixctl=/run/openvswitch/ovsdb.ctl --pidfile=/run/openvswitch/ovsdb.pid --log-file=/run/openvswitch/ovsdb.log -vconsole:off &
            until [ -S /run/openvswitch/db.sock ]; do sleep 0.1; done
            ovs-vsctl --no-wait init
            ovs-vswitchd unix:/run/openvswitch/db.sock --pidfile=/run/openvswitch/ovs-vswitchd.pid --log-file=/run/openvswitch/vsw.log -vconsole:off &

            """);
        Assert.True(started.Ok, started.ToString());
    }

    [GeneratedRegex(@"^```(sh|yaml) (?:host|file)=(\S+)\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();
}
