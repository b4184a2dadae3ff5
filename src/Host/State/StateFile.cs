namespace Overlay.Host.State;

/// <summary>Files of the state directory. A disk that is full or read-only is never an error of the daemon's, only a sentence.</summary>
internal static class StateFile
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode DirectoryMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute |
        UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    // What a file is called while it is written.
    private const string Unfinished = ".new";

    /// <summary>Makes a directory for these files, if it is not there and can be.</summary>
    public static void MakeDirectory(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory, DirectoryMode);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Whoever writes there says so.
        }
    }

    /// <summary>Deletes what a process that was killed while it wrote has left of some files.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="names">The files.</param>
    public static void Tidy(string directory, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            Delete(Path.Combine(directory, name + Unfinished));
        }
    }

    /// <summary>Reads a file; null if there is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">Octets that are read at most.</param>
    /// <param name="fault">Why one that is there was not read, or null.</param>
    public static byte[]? Read(string path, int most, out string? fault)
    {
        fault = null;
        try
        {
            if (!File.Exists(path))
            {
                return null;
            }

            if (new FileInfo(path).Length <= most)
            {
                return File.ReadAllBytes(path);
            }

            fault = $"{path} is longer than {most} octets";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            fault = $"{path} cannot be read: {error.Message}";
        }

        return null;
    }

    /// <summary>Writes a file, so that whoever reads it finds the old content or the new one. Gives why not, or null.</summary>
    public static string? Write(string path, ReadOnlySpan<byte> content)
    {
        // Always the same name: what a crash leaves is overwritten by the next one, or deleted at the next start.
        var temporary = $"{path}{Unfinished}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!, DirectoryMode);
            using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = Private }))
            {
                stream.Write(content);
            }

            File.Move(temporary, path, overwrite: true);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A full disk takes the file's name, but not its contents.
            Delete(temporary);
            return $"{path} cannot be written: {error.Message}";
        }
    }

    /// <summary>Deletes a file, if it is there and can be.</summary>
    public static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It stays, then.
        }
    }
}
