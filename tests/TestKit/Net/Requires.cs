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

    /// <summary>The path of a program, or null. The system folders are searched first: a version manager's shim may stand before them in PATH.</summary>
    public static string? Find(string name) =>
        "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin".Split(':')
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
            .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
