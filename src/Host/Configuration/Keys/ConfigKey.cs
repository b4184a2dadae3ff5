namespace Overlay.Host.Configuration.Keys;

/// <summary>A key of the configuration: what the loader accepts and what the reference says, in one place.</summary>
/// <param name="Path">Its path; <c>&lt;name&gt;</c> stands for a name the operator chooses, <c>[]</c> for an item of a list.</param>
/// <param name="Values">What it takes.</param>
/// <param name="Default">What holds without it.</param>
/// <param name="Reload">Whether a reload applies a change; otherwise a restart is needed.</param>
/// <param name="Description">What it does, in a sentence or two.</param>
public sealed record ConfigKey(string Path, string Values, string Default, bool Reload, string Description)
{
    /// <summary>The path of the mapping that it stands in; empty at the top.</summary>
    public string Parent => Path.LastIndexOf('.') is > 0 and var dot ? Path[..dot] : "";

    /// <summary>Its own name, without <c>[]</c>.</summary>
    public string Name => (Path.LastIndexOf('.') is > 0 and var dot ? Path[(dot + 1)..] : Path).TrimEnd('[', ']');
}
