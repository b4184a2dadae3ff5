namespace Overlay.TestKit.Net;

/// <summary>What a test needs of the machine; skips the test with the reason where it is missing.</summary>
public static class Requires
{
    /// <summary>Root, because namespaces and TAPs are made.</summary>
    public static void Root()
    {
        if (Native.geteuid() != 0) throw new SkipTestException("needs root (network namespaces)");
    }

    /// <summary>Root and each of the programs.</summary>
    public static void Tools(params ReadOnlySpan<string> names)
    {
        Root();
        foreach (var name in names)
        {
            if (Find(name) is null) throw new SkipTestException($"needs {name}, which is not installed");
        }
    }

    /// <summary>Programs in the kernel (CAP_BPF), which root of a user namespace may not load.</summary>
    public static void Bpf()
    {
        Root();
        if (IsInUserNamespace) throw new SkipTestException("needs CAP_BPF of the host, and we are root in a user namespace only");
    }

    /// <summary>What <c>ip netns</c> and devices allow, and what only root of the host may: set limits that concern other users.</summary>
    public static void HostRoot(string what)
    {
        Root();
        if (IsInUserNamespace) throw new SkipTestException($"needs root of the host ({what}), and we are root in a user namespace only");
    }

    private static bool IsInUserNamespace =>
        File.ReadAllText("/proc/self/uid_map").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is not [_, _, "4294967295"];

    /// <summary>The path of a program, or null. The system folders are searched first: a version manager's shim may stand before them in PATH.</summary>
    public static string? Find(string name) =>
        "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin".Split(':')
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
            .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
