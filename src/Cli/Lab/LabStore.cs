using System.Text.Json;
using Overlay.Cli.Native;

namespace Overlay.Cli.Lab;

/// <summary>The lab's directory under the runtime directory; everything in it goes with <c>lab down</c>.</summary>
internal sealed class LabStore(string name)
{
    private const string DefaultRoot = "/run/overlay-lab";
    private const string RootVariable = "OVERLAY_LAB_DIR";
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public string Name { get; } = name;

    public static string Root => Environment.GetEnvironmentVariable(RootVariable) is { Length: > 0 } root ? Path.GetFullPath(root) : LabRootless.Root ?? DefaultRoot;

    public string Directory { get; } = Path.Combine(Root, name);

    public bool Exists => System.IO.Directory.Exists(Directory);

    private string StateFile => Path.Combine(Directory, "state.json");

    public string VtepDirectory(string vtep) => Path.Combine(Directory, vtep);

    /// <summary>The state; null if there is none or it cannot be read (a crash in the first instant).</summary>
    public LabState? Load()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(StateFile), LabJsonContext.Default.LabState);
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Makes the directory and its first state; false if another lab of this name has one.</summary>
    public bool TryCreate(LabState state)
    {
        // One after the other: the mode is only that of the last.
        System.IO.Directory.CreateDirectory(Root, Private);
        System.IO.Directory.CreateDirectory(Directory, Private);
        try
        {
            using FileStream file = new(StateFile, FileMode.CreateNew, FileAccess.Write, FileShare.None);
            JsonSerializer.Serialize(file, state, LabJsonContext.Default.LabState);
        }
        catch (IOException) when (File.Exists(StateFile))
        {
            return false;
        }

        foreach (LabVtep vtep in state.Vteps) System.IO.Directory.CreateDirectory(VtepDirectory(vtep.Name), Private);
        return true;
    }

    /// <summary>Makes the labs' root; false if another user made it, who could put anything there.</summary>
    public static bool TryOwnRoot()
    {
        System.IO.Directory.CreateDirectory(Root, Private);
        return new FileInfo(Root).LinkTarget is null && LibC.IsWritable(Root) && File.GetUnixFileMode(Root) == Private;
    }

    /// <summary>Replaces the state in one step.</summary>
    public void Save(LabState state)
    {
        string next = StateFile + ".new";
        File.WriteAllText(next, JsonSerializer.Serialize(state, LabJsonContext.Default.LabState));
        File.Move(next, StateFile, overwrite: true);
    }

    /// <summary>Removes the lab's directory, and the labs' root if this was the last.</summary>
    public void Delete()
    {
        if (Exists) System.IO.Directory.Delete(Directory, recursive: true);
        if (System.IO.Directory.Exists(Root) && !System.IO.Directory.EnumerateFileSystemEntries(Root).Any()) System.IO.Directory.Delete(Root);
    }
}
