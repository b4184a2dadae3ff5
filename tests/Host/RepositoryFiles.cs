using System.Runtime.CompilerServices;

namespace Overlay.Host.Tests;

/// <summary>Finds files of the repository from where this source file was compiled.</summary>
internal static class RepositoryFiles
{
    public static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));

    public static string PathOf(params string[] parts) => Path.Combine([Root(), .. parts]);
}
