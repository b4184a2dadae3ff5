using Overlay.Control.Vteps;

namespace Overlay.Control.Tables;

/// <content>Numbers of sources: a session that is gone and left nothing gives its number back, else a neighbour that comes from ever new addresses would use them all up.</content>
internal sealed partial class ControlCore
{
    private const int SourceLimit = ushort.MaxValue;
    private readonly Stack<ushort> _freeSources = [];

    private SourceState AddSource(PlaneState plane, string? session)
    {
        if (!_freeSources.TryPop(out ushort id))
        {
            if (_sources.Count > SourceLimit)
            {
                throw new InvalidOperationException("more sessions than a daemon can have");
            }

            id = (ushort)_sources.Count;
            _sources.Add(null);
        }

        var source = new SourceState(id, plane, session);
        _sources[id] = source;
        return source;
    }

    /// <summary>By the clock. Not while a walk is under way, which may know sources by their numbers.</summary>
    private void ForgetSources()
    {
        if (_walks.Count > 0)
        {
            return;
        }

        HashSet<SourceState>? describing = null;
        for (ushort id = 1; id < _sources.Count; id++)
        {
            if (_sources[id] is not { Session: { } session } source || !IsEmpty(source))
            {
                continue;
            }

            describing ??= [.. _vteps.All.SelectMany(static vtep => vtep.Descriptions, static (_, description) => description.Source)];
            if (!describing.Contains(source))
            {
                _ = source.Plane.Sessions.Remove(session);
                _sources[id] = null;
                _freeSources.Push(id);
            }
        }
    }

    private static bool IsEmpty(SourceState source) =>
        source is { IsConnected: false, StaleSince: null, Entries: 0, DescriptionsBelow: 0, HeldVteps.Count: 0 } && source.Plane.Guard is { Suspects.Count: 0, Walks: 0 } &&
        !source.Plane.IsResyncing(source.Session);
}
