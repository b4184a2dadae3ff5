namespace Overlay.Capture.Tests;

/// <summary>Finds test data from wherever the tests were built.</summary>
internal static class TestPaths
{
    public static string Root { get; } = FindRoot();

    public static string Vectors => Path.Combine(Root, "tests", "Vectors");

    public static string SharedCaptures => Path.GetFullPath(Path.Combine(Root, "..", "shared", "captures"));

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Overlay.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new DirectoryNotFoundException("Overlay.sln is in no folder above the tests");
    }
}
