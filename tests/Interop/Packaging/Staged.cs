using Overlay.TestKit.Net;

namespace Overlay.Interop.Packaging;

/// <summary>What <c>./test</c> has made ready for the tests of packages and images; a test that misses it is skipped with the command that makes it.</summary>
internal static class Staged
{
    /// <summary>A small Debian, never changed: tests work on copies.</summary>
    public static string Debian
    {
        get
        {
            Requires.Root();
            var folder = RepositoryFiles.PathOf("artifacts", "debian");
            return File.Exists(folder + ".packages") ? folder : throw new SkipTestException("needs a Debian to install into: scripts/debian-root artifacts/debian");
        }
    }

    /// <summary>The programs with their runtime, where the image's build looks for them too.</summary>
    public static string Programs
    {
        get
        {
            var folder = RepositoryFiles.PathOf("artifacts", "image");
            return File.Exists(Path.Combine(folder, "overlayctl")) ? folder : throw new SkipTestException("needs the published programs: scripts/stage artifacts/image --quick");
        }
    }

    /// <summary>Builds the package of <see cref="Programs"/> into a folder and returns its path.</summary>
    public static string Package(string folder) =>
        Cmd.Run(null, TimeSpan.FromMinutes(3), RepositoryFiles.PathOf("scripts", "build-deb"), "--quick", "--programs", Programs, "--output", folder).OrThrow().StdOut.Trim();
}
