using System.Runtime.InteropServices;
using System.Text;

namespace Overlay.Host.Configuration.Changes;

/// <summary>
/// Writes the configuration file as a whole or not at all: a file beside it, synced, with mode and group of the one it replaces, and its owner where overlayd
/// may give files away, then renamed.
/// What a symbolic link points to is replaced, not the link.
/// </summary>
internal static class ConfigurationFile
{
    /// <summary>Writes the text.</summary>
    /// <returns>Why it was not written; null if it is.</returns>
    public static string? Write(string path, string text)
    {
        string? temporary = null;
        try
        {
            var target = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);
            var mode = File.Exists(target) ? File.GetUnixFileMode(target) : UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
            if (File.Exists(target) && (mode & (UnixFileMode.UserWrite | UnixFileMode.GroupWrite)) == 0)
            {
                return $"{target} is read-only ({Convert.ToString((int)mode, 8)}), so it was left alone. Next: chmod u+w {target}";
            }

            var folder = Path.GetDirectoryName(target)!;

            // A name that nobody can have laid a link under.
            var candidate = Path.Combine(folder, $".{Path.GetFileName(target)}.{Path.GetRandomFileName()}.new");
            using (var stream = new FileStream(candidate, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            {
                temporary = candidate;
                if (File.Exists(target) && !FileOwner.Copy(target, candidate) && GroupMatters(mode))
                {
                    return $"{target} belongs to a group that overlayd is not in, and what replaces it would not: {new System.ComponentModel.Win32Exception(Marshal.GetLastPInvokeError()).Message}. Next: ls -l {target}";
                }

                File.SetUnixFileMode(candidate, mode);
                stream.Write(Encoding.UTF8.GetBytes(text));
                stream.Flush(flushToDisk: true);
            }

            File.Move(candidate, target, overwrite: true);
            temporary = null;
            FileOwner.Sync(folder);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            return $"{path} cannot be written: {error.Message.TrimEnd('.')}. Next: ls -ld {path} {Path.GetDirectoryName(Path.GetFullPath(path))}; df {Path.GetDirectoryName(Path.GetFullPath(path))}";
        }
        finally
        {
            Discard(temporary);
        }
    }

    // Where the group may do what everybody may, it is of no consequence which group that is.
    private static bool GroupMatters(UnixFileMode mode)
    {
        const UnixFileMode Group = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;
        const UnixFileMode Other = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        return (int)(mode & Group) >> 3 != (int)(mode & Other);
    }

    private static void Discard(string? temporary)
    {
        try
        {
            if (temporary is not null)
            {
                File.Delete(temporary);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is not in the way of anything.
        }
    }
}
