namespace Overlay.Interop.Packaging;

/// <summary>A Debian with our package in it, made once for a class of tests.</summary>
public sealed class InstalledPackage : IDisposable
{
    private readonly Lazy<DebianCopy> _debian;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("overlay-deb-");

    /// <summary>Nothing is made before it is asked for, so that a test can skip.</summary>
    public InstalledPackage()
    {
        _debian = new(Install);
    }

    /// <summary>Where the package was installed.</summary>
    internal DebianCopy Debian => _debian.Value;

    /// <summary>The package's file.</summary>
    public string File { get; private set; } = "";

    /// <summary>What was there before it.</summary>
    internal SortedDictionary<string, string> Before { get; private set; } = [];

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_debian.IsValueCreated) _debian.Value.Dispose();
        _folder.Delete(recursive: true);
    }

    private DebianCopy Install()
    {
        _ = Staged.Programs;
        var debian = new DebianCopy();
        try
        {
            File = Staged.Package(_folder.FullName);
            Before = debian.Inventory();
            debian.Install(File);
            return debian;
        }
        catch
        {
            debian.Dispose();
            throw;
        }
    }
}
