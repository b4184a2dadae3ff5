namespace Overlay.Control.Tables;

/// <summary>A place as operators know it. A name, and not the place itself: that may be gone while somebody still wants to know what it was.</summary>
/// <param name="Name">Name of the port or peer; null for none.</param>
/// <param name="IsPort">It is a port.</param>
internal readonly record struct MovePlace(string? Name, bool IsPort)
{
    /// <inheritdoc/>
    public override string ToString() => Name is null ? "-" : IsPort ? $"port {Name}" : $"peer {Name}";
}
