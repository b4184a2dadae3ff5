using System.Globalization;
using Overlay.TestKit.Net;

namespace Overlay.Interop.Packaging;

/// <summary>
/// dockerd in mount, network and process namespaces of its own: whatever it makes goes with its first process, and the machine's network stays as it is.
/// Shared by the tests of one collection.
/// </summary>
public sealed class DockerDaemon : IDisposable
{
    // What dockerd and containerd write outside their folders stays in here. /dev/net/tun is everybody's, as udev makes it; this machine may have no udev.
    private const string Script =
        """
        set -e
        mount --make-rprivate /
        mkdir -p "$0/over" "$0/data" "$0/run"
        mount -t tmpfs tmpfs "$0/over"
        for folder in etc opt; do
            mkdir "$0/over/$folder" "$0/over/$folder.work"
            mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$0/over/$folder,workdir=$0/over/$folder.work" "/$folder" || echo "$folder is the machine's own"
        done
        mount -t tmpfs tmpfs /run
        mount -t tmpfs tmpfs /dev/net
        mknod -m 0666 /dev/net/tun c 10 200
        ip link set lo up
        exec dockerd --data-root "$0/data" --exec-root "$0/run" --pidfile "$0/run/docker.pid" --host "unix://$0/docker.sock" --group root \
            --iptables=false --ip6tables=false --ip-masq=false --userland-proxy=false --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/$1"
        """;

    private readonly string _folder = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"overlay-docker-{Environment.ProcessId}"));
    private readonly string _cgroup = string.Create(CultureInfo.InvariantCulture, $"overlay-docker-{Environment.ProcessId}");
    private readonly Lock _gate = new();
    private RunningProcess? _process;

    /// <summary>The name of the Debian image, once <see cref="Start"/> has returned.</summary>
    public const string Debian = "overlay-debian";

    /// <summary>A folder that goes with the daemon.</summary>
    public string Folder => _folder;

    /// <summary>Starts it and imports the Debian, the first time; skips the test with the reason where it does not start.</summary>
    public DockerDaemon Start()
    {
        Requires.Tools("dockerd", "docker", "docker-compose", "containerd", "runc", "unshare", "tar");
        var debian = Staged.Debian;
        lock (_gate)
        {
            if (_process is not null) return this;
            Directory.CreateDirectory(_folder);
            _process = Cmd.Start(null, null, "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", Script, _folder, _cgroup);
            var process = _process;
            if (!Wait.TryUntil(() => process.HasExited || Docker("version").Ok, TimeSpan.FromMinutes(1)) || process.HasExited)
            {
                var log = (process.StdOut + process.StdErr).Split('\n', StringSplitOptions.RemoveEmptyEntries);
                Dispose();
                throw new SkipTestException($"dockerd does not start here: {string.Join(" | ", log.TakeLast(3))}");
            }

            Cmd.Run(null, TimeSpan.FromMinutes(3), "sh", "-c", "tar -C \"$0\" -c . | docker -H \"unix://$1/docker.sock\" import - " + Debian, debian, _folder).OrThrow();
        }

        return this;
    }

    /// <summary>Where it listens, as clients are told.</summary>
    public string Host => $"unix://{_folder}/docker.sock";

    /// <summary>Runs <c>docker</c>.</summary>
    public CmdResult Docker(params ReadOnlySpan<string> args) => Client("docker", null, args);

    /// <summary>Runs a command in a container.</summary>
    public CmdResult Exec(string container, params ReadOnlySpan<string> args) => Docker(["exec", container, .. args]);

    /// <summary>Runs <c>docker-compose</c> in the repository's root under a project name, the images made of what the daemon has.</summary>
    public CmdResult Compose(string project, params ReadOnlySpan<string> args) => Client("docker-compose", project, args);

    /// <summary>The control plane that the lab's VTEPs are configured with: a folder of deploy/compose, and a profile beside <c>static</c>.</summary>
    public string Plane { get; set; } = "static";

    /// <inheritdoc/>
    public void Dispose()
    {
        var process = _process;
        _process = null;
        if (process is not null)
        {
            // unshare holds signals back, so its child, process 1 in there, is asked; then the end of unshare takes all.
            var children = $"/proc/{process.Pid}/task/{process.Pid}/children";
            if (File.Exists(children) && int.TryParse(File.ReadAllText(children).Trim(), CultureInfo.InvariantCulture, out var child)) Cmd.Run(null, "kill", "-TERM", child.ToString(CultureInfo.InvariantCulture));
            if (!Wait.TryUntil(() => process.HasExited, TimeSpan.FromSeconds(20))) Cmd.Run(null, "kill", "-KILL", process.Pid.ToString(CultureInfo.InvariantCulture));
            process.Dispose();
        }

        Wait.TryUntil(() => RemoveCgroups() == 0, TimeSpan.FromSeconds(10));
        Cmd.Run(null, TimeSpan.FromMinutes(1), "rm", "-rf", "--one-file-system", _folder);
        var left = Left();
        if (left.Length > 0) throw new InvalidOperationException("left behind: " + string.Join(", ", left));
    }

    private CmdResult Client(string program, string? project, ReadOnlySpan<string> args)
    {
        Dictionary<string, string> environment = new(StringComparer.Ordinal)
        {
            ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin",
            ["HOME"] = _folder,
            ["DOCKER_CONFIG"] = Path.Combine(_folder, "client"),
            ["DOCKER_HOST"] = Host,
            ["DOCKER_BUILDKIT"] = "1",
            ["COMPOSE_DOCKER_CLI_BUILD"] = "1",
            ["COMPOSE_FILE"] = RepositoryFiles.PathOf("docker-compose.yml"),
            ["OVERLAY_SDK"] = Debian,
            ["OVERLAY_BASE"] = Debian,
            ["OVERLAY_TOOLS"] = Debian,
            ["OVERLAY_LAB_BASE"] = Debian,
            ["OVERLAY_PROGRAMS"] = "staged",
            ["OVERLAY_LAB_PLANE"] = Plane,
            ["COMPOSE_PROFILES"] = Plane == "static" ? "" : Plane,
        };
        if (project is not null) environment["COMPOSE_PROJECT_NAME"] = project;
        using var process = Cmd.Start(null, environment, [program, .. args]);
        return process.WaitForExit(TimeSpan.FromMinutes(4));
    }

    private string[] Cgroups() =>
        Directory.Exists("/sys/fs/cgroup")
            ? [.. new[] { "/sys/fs/cgroup" }.Concat(Directory.GetDirectories("/sys/fs/cgroup")).Select(d => Path.Combine(d, _cgroup)).Where(Directory.Exists)]
            : [];

    private int RemoveCgroups()
    {
        var roots = Cgroups();
        foreach (var root in roots)
        {
            foreach (var folder in Directory.GetDirectories(root, "*", SearchOption.AllDirectories).OrderByDescending(d => d.Length).Append(root))
            {
                // A folder of a control group is removed with files in it, by rmdir only.
                Cmd.Run(null, "rmdir", folder);
            }
        }

        return Cgroups().Length;
    }

    private string[] Left() =>
    [
        .. File.ReadLines("/proc/self/mounts").Where(l => l.Contains(_folder, StringComparison.Ordinal)).Select(l => "mount " + l),
        .. Directory.GetDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), out _)).Select(CommandLineOf).Where(c => c.Contains(_folder, StringComparison.Ordinal)).Select(c => "process " + c),
        .. Cgroups().Select(c => "control group " + c),
        .. Directory.Exists(_folder) ? [_folder] : Array.Empty<string>(),
    ];

    private static string CommandLineOf(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";    // it has ended
        }
    }
}
