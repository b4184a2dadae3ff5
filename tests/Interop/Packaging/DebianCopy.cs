using Overlay.TestKit.Net;

namespace Overlay.Interop.Packaging;

/// <summary>A Debian of its own for one test: a copy of <see cref="Staged.Debian"/> that commands run in, removed in the end.</summary>
internal sealed class DebianCopy : IDisposable
{
    // Mounts are made in a namespace of the command's own and go with it. /dev/net/tun is everybody's, as udev makes it.
    private const string Enter =
        """
        set -e
        mount -t proc proc "$0/proc"
        mount -t tmpfs tmpfs "$0/dev"
        mkdir "$0/dev/net"
        mknod -m 0666 "$0/dev/null" c 1 3
        mknod -m 0666 "$0/dev/urandom" c 1 9
        mknod -m 0666 "$0/dev/net/tun" c 10 200
        exec chroot "$0" "$@"
        """;

    // What dpkg and adduser write about themselves, whatever they do.
    private static readonly string[] BooksOfOthers =
    [
        "var/lib/dpkg/status", "var/lib/dpkg/status-old", "var/lib/dpkg/available", "var/lib/dpkg/lock", "var/lib/dpkg/lock-frontend", "var/lib/dpkg/triggers/", "var/log/dpkg.log",
        "etc/passwd-", "etc/group-", "etc/shadow-", "etc/gshadow-", "etc/.pwd.lock", "run/adduser",
    ];

    /// <summary>Copies the Debian into a new folder.</summary>
    public DebianCopy()
    {
        Root = Path.Combine(Path.GetTempPath(), $"overlay-debian-{Guid.NewGuid():N}");
        Cmd.Run(null, TimeSpan.FromMinutes(2), "cp", "-a", "--reflink=auto", Staged.Debian, Root).OrThrow();
    }

    /// <summary>Its root on this machine.</summary>
    public string Root { get; }

    /// <summary>A path in it, as this machine sees it.</summary>
    public string PathOf(string inside) => Path.Combine(Root, inside.TrimStart('/'));

    /// <summary>Runs a command in it to the end.</summary>
    public CmdResult Run(params ReadOnlySpan<string> args)
    {
        using var process = Start(null, args);
        return process.WaitForExit(TimeSpan.FromMinutes(2));
    }

    /// <summary>Starts a command in it, in a network namespace; its pid is the command's own.</summary>
    public RunningProcess Start(string? netns, params ReadOnlySpan<string> args) =>
        Cmd.Start(
            netns,
            new Dictionary<string, string>(StringComparer.Ordinal) { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin", ["DEBIAN_FRONTEND"] = "noninteractive" },
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", Enter, Root, .. args]);

    /// <summary>Copies a package into it and installs it.</summary>
    public void Install(string package)
    {
        File.Copy(package, PathOf("overlay.deb"), overwrite: true);
        Run("dpkg", "--install", "/overlay.deb").OrThrow();
        File.Delete(PathOf("overlay.deb"));
    }

    /// <summary>Each file, folder and link with its mode, owner and content.</summary>
    public SortedDictionary<string, string> Inventory()
    {
        SortedDictionary<string, string> found = new(StringComparer.Ordinal);
        const string Script = """
            cd "$0" && find . -mindepth 1 \( -type d -printf '%P\t%M %U:%G\n' \) -o \( -type f -printf '%P\t%M %U:%G %s\n' \) -o -printf '%P\t%M %U:%G %l\n'
            find etc var -type f -print0 | xargs -0 md5sum | sed 's/^\([^ ]*\) *\(.*\)/\2\t\1/'
            """;
        foreach (var line in Cmd.Run(null, TimeSpan.FromMinutes(1), "sh", "-c", Script, Root).OrThrow().StdOut.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split('\t');
            if (Array.Exists(BooksOfOthers, b => parts[0] == b || (b.EndsWith('/') && parts[0].StartsWith(b, StringComparison.Ordinal)))) continue;
            found[parts[0]] = found.TryGetValue(parts[0], out var before) ? $"{before} {parts[1]}" : parts[1];
        }

        return found;
    }

    /// <inheritdoc/>
    public void Dispose() => Cmd.Run(null, TimeSpan.FromMinutes(1), "rm", "-rf", "--one-file-system", Root);
}
