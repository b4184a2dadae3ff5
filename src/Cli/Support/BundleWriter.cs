using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Overlay.Cli.Support;

/// <summary>A compressed archive of texts, each cleaned and of bounded length. The file is readable by its owner alone from its first octet on, and is never one that was there.</summary>
internal sealed class BundleWriter : IAsyncDisposable
{
    /// <summary>Octets of one part, at most.</summary>
    public const int MaxPart = 1 << 20;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly FileStream _file;
    private readonly TarWriter _tar;
    private readonly Func<string, string> _clean;
    private readonly string _folder;
    private readonly DateTimeOffset _now;

    /// <param name="path">The file.</param>
    /// <param name="folder">The folder that all parts are in.</param>
    /// <param name="now">What the parts are dated.</param>
    /// <param name="clean">Takes out what must not leave.</param>
    /// <exception cref="IOException">It exists, or cannot be made.</exception>
    public BundleWriter(string path, string folder, DateTimeOffset now, Func<string, string> clean)
    {
        _file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly });
        _tar = new TarWriter(new GZipStream(_file, CompressionLevel.Optimal), TarEntryFormat.Pax);
        _clean = clean;
        _folder = folder;
        _now = now;
    }

    /// <summary>Parts written.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a part. What cannot be cleaned in time is left out.</summary>
    public async Task AddAsync(string name, string text)
    {
        bool isCut = text.Length > MaxPart;
        string clean;
        try
        {
            clean = _clean(isCut ? text[..MaxPart] : text);
        }
        catch (System.Text.RegularExpressions.RegexMatchTimeoutException)
        {
            clean = "left out: it could not be searched for secrets in time\n";
        }

        byte[] octets = Encoding.UTF8.GetBytes(isCut ? clean + "\n[cut here]\n" : clean);
        PaxTarEntry entry = new(TarEntryType.RegularFile, $"{_folder}/{name}") { Mode = OwnerOnly, ModificationTime = _now, DataStream = new MemoryStream(octets) };
        await _tar.WriteEntryAsync(entry);
        Count++;
    }

    public async ValueTask DisposeAsync()
    {
        await _tar.DisposeAsync();
        await _file.DisposeAsync();
    }
}
