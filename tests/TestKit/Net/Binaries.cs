namespace Overlay.TestKit.Net;

/// <summary>Where the programs under test are: those of the same build configuration as the tests.</summary>
public static class Binaries
{
    /// <summary>The repository's root.</summary>
    public static string Root => RepositoryFiles.Root;

    /// <summary><c>Debug</c> or <c>Release</c>.</summary>
    public static string Configuration { get; } = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/')).Parent!.Name;

    /// <summary>overlayd; <c>OVERLAY_TEST_OVERLAYD</c> names another one.</summary>
    public static string Overlayd => Environment.GetEnvironmentVariable("OVERLAY_TEST_OVERLAYD") ?? Existing(Path.Combine(Root, "src/Host/bin", Configuration, "net10.0/overlayd"));

    /// <summary>overlayctl; <c>OVERLAY_TEST_OVERLAYCTL</c> names another one.</summary>
    public static string Overlayctl => Environment.GetEnvironmentVariable("OVERLAY_TEST_OVERLAYCTL") ?? Existing(Path.Combine(Root, "src/Cli/bin", Configuration, "net10.0/overlayctl"));

    private static string Existing(string path) => File.Exists(path) ? path : throw new FileNotFoundException($"{path} has not been built");
}
