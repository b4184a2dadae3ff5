namespace Overlay.Tests;

/// <summary>Finds files of the repository from wherever the tests were built. Compiled into every test project.</summary>
internal static class RepositoryFiles
{
    /// <summary>The repository's root.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The path of a file below the root.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Overlay.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"no Overlay.sln above {AppContext.BaseDirectory}");
    }
}
