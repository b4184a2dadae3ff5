using System.Buffers;
using System.Text;

namespace Overlay.Host.Configuration;

/// <summary>Reads a configuration file with every check that does not need its contents understood.</summary>
public static class ConfigurationText
{
    /// <summary>The largest file, in octets: 1 MiB. Larger ones are refused before they are read.</summary>
    public const int MaxSize = 1024 * 1024;

    private const UnixFileMode OtherWrite = UnixFileMode.OtherWrite;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="problems">Where errors go.</param>
    /// <returns>Its text, or null after an error.</returns>
    public static string? Read(string path, ProblemList problems)
    {
        string? Refuse(string message, int line = 0)
        {
            problems.Error(path, line, line, "", message);
            return null;
        }

        if (Directory.Exists(path))
        {
            return Refuse("this is a directory: name the file in it");
        }

        try
        {
            var info = new FileInfo(path);
            if (!info.Exists)
            {
                return Refuse("no such file: write one, beginning with the annotated example deploy/overlayd.example.yaml");
            }

            if ((File.GetUnixFileMode(path) & OtherWrite) != 0)
            {
                return Refuse($"writable by everybody: anyone could take over the network. Run: chmod o-w {path}");
            }

            if (info.Length > MaxSize)
            {
                return Refuse($"{info.Length} octets long, over the limit of {MaxSize}: this is not a configuration file, or use a control plane for tables of this size");
            }

            // A pipe or a device says 0 too, and opening one could wait for ever.
            if (info.Length == 0)
            {
                return Refuse("empty (or not a regular file): at least node.name and node.local are needed; see deploy/overlayd.example.yaml");
            }

            return Decode(File.ReadAllBytes(path), Refuse);
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException or NotSupportedException or ArgumentException)
        {
            return Refuse(error is UnauthorizedAccessException
                ? $"not readable by this user. Run: ls -l {path}"
                : $"cannot be read: {error.Message}");
        }
    }

    private static string? Decode(byte[] octets, Func<string, int, string?> refuse)
    {
        ReadOnlySpan<byte> body = octets;
        if (body is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
        {
            return refuse("UTF-16: save it as UTF-8", 1);
        }

        if (body is [0xEF, 0xBB, 0xBF, ..])
        {
            body = body[3..];
        }

        var zero = body.IndexOf((byte)0);
        if (zero >= 0)
        {
            return refuse("binary: it has zero octets; the configuration is YAML text", Line(body[..zero]));
        }

        var bad = IndexOfInvalidUtf8(body);
        if (bad >= 0)
        {
            return refuse("not UTF-8 from here on: it is binary, or saved in another encoding", Line(body[..bad]));
        }

        var text = Encoding.UTF8.GetString(body);
        var control = text.AsSpan().IndexOfAny(ControlCharacters);
        return control >= 0
            ? refuse($"binary: it has the control character 0x{(int)text[control]:x2}; the configuration is YAML text", text.AsSpan(0, control).Count('\n') + 1)
            : text;
    }

    /// <summary>Characters that no configuration has.</summary>
    internal static SearchValues<char> Forbidden { get; } = SearchValues.Create([.. Enumerable.Range(0, 32).Select(i => (char)i).Where(c => c is not ('\t' or '\n' or '\r')), '\x7f']);

    private static readonly SearchValues<char> ControlCharacters =
        SearchValues.Create([.. Enumerable.Range(1, 31).Select(i => (char)i).Where(c => c is not ('\t' or '\n' or '\r')), '\x7f']);

    private static int Line(ReadOnlySpan<byte> before) => before.Count((byte)'\n') + 1;

    private static int IndexOfInvalidUtf8(ReadOnlySpan<byte> octets)
    {
        var offset = 0;
        while (offset < octets.Length)
        {
            if (Rune.DecodeFromUtf8(octets[offset..], out _, out var length) != OperationStatus.Done)
            {
                return offset;
            }

            offset += length;
        }

        return -1;
    }
}
