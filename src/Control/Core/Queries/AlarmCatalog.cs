using System.Collections.Immutable;
using Overlay.Control.Loop;

namespace Overlay.Control.Queries;

/// <summary>The alarms that the control loop can raise.</summary>
public static class AlarmCatalog
{
    /// <summary>Their names in snake case. The list may grow; a name is never changed.</summary>
    public static ImmutableArray<string> Names { get; } = [.. Enum.GetValues<AlarmKind>().Select(AlarmNames.Of)];
}
