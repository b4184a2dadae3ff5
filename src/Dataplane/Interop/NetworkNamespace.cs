namespace Overlay.Dataplane.Interop;

/// <summary>Runs something inside another network namespace.</summary>
internal static class NetworkNamespace
{
    private const string Directory = "/var/run/netns/";
    private static readonly string[] Folders = [Directory, "/run/netns/"];

    /// <summary>
    /// Runs <paramref name="body"/> in a namespace, on a thread made for it: a thread that has changed its namespace never goes back to a pool.
    /// Sockets and TAP descriptors made there stay in that namespace.
    /// </summary>
    /// <param name="name">A name as <c>ip netns</c> knows it, or a path; null for our own (then no thread is made).</param>
    /// <param name="body">What to run.</param>
    /// <param name="error">Why the namespace could not be entered; null if it was.</param>
    /// <returns>What <paramref name="body"/> gave, or the default when the namespace could not be entered.</returns>
    internal static T? Run<T>(string? name, Func<T> body, out string? error)
    {
        error = null;
        if (name is null)
            return body();

        T? value = default;
        string? problem = null;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            problem = Enter(name);
            if (problem is not null)
                return;
            try
            {
                value = body();
            }
            catch (Exception exception)
            {
                failure = exception;
            }
        })
        {
            IsBackground = true,
            Name = "overlay-netns",
        };
        thread.Start();
        thread.Join();
        if (failure is not null)
            throw new InvalidOperationException("Work inside a network namespace failed.", failure);
        error = problem;
        return value;
    }

    /// <summary>The same text for the ways to write a namespace that <c>ip netns</c> knows: its name. Other paths are left as they are.</summary>
    internal static string? Canonical(string? name)
    {
        foreach (string folder in Folders)
        {
            if (name is not null && name.StartsWith(folder, StringComparison.Ordinal) && name.Length > folder.Length && !name.AsSpan(folder.Length).Contains('/'))
                return name[folder.Length..];
        }

        return name;
    }

    /// <summary>The path by which <see cref="Run"/> enters the namespace of a descriptor, while that is open.</summary>
    internal static string PathOf(int descriptor) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"/proc/self/fd/{descriptor}");

    /// <summary>What tells the namespace of a descriptor that the kernel gave (not of an opened path) from all others there are now; null if it cannot be read.</summary>
    internal static string? Identity(int descriptor) => Target(PathOf(descriptor));

    /// <summary>The same of the calling thread's.</summary>
    internal static string? OwnIdentity() => Target("/proc/thread-self/ns/net");

    private static string? Target(string link)
    {
        try
        {
            return new FileInfo(link).LinkTarget;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? Enter(string name)
    {
        string path = name.Contains('/', StringComparison.Ordinal) ? name : Directory + name;
        int result = Libc.Open(path, LinuxConstants.OpenCloseOnExec);
        if (result < 0)
            return $"network namespace '{name}': {Errno.Describe(result)}";
        using var descriptor = new FileDescriptor(result);
        result = Libc.Result(Libc.SetNs(descriptor.Value, LinuxConstants.NewNetworkNamespace));
        return result < 0 ? $"network namespace '{name}': {Errno.Describe(result)}" : null;
    }
}
