namespace Overlay.Capture.Tests;

/// <summary>Where the test data is.</summary>
internal static class TestPaths
{
    public static string Vectors => RepositoryFiles.PathOf("tests", "Vectors");

    public static string SharedCaptures => Path.GetFullPath(RepositoryFiles.PathOf("..", "shared", "captures"));
}
