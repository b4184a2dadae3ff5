using Overlay.Control.Loop;

namespace Overlay.Control.Tables;

/// <summary>A plane as the control loop knows it.</summary>
internal sealed class PlaneState(int index, string name, RouteOrigin origin, TimeSpan? staleHold, PlaneFeed feed)
{
    public int Index { get; } = index;

    public string Name { get; } = name;

    public RouteOrigin Origin { get; } = origin;

    /// <summary>How long its routes stay when it is lost; null as the control loop's options say.</summary>
    public TimeSpan? StaleHold { get; } = staleHold;

    /// <summary>It is asked for destinations that nobody knows.</summary>
    public bool AnswersMisses { get; init; }

    /// <summary>What it is told of our side.</summary>
    public PlaneFeed Feed { get; } = feed;

    /// <summary>Grows with each resync and each loss; routes carry the value they were given in. 1 or more.</summary>
    public uint Generation { get; set; } = 1;

    public Dictionary<string, SourceState> Sessions { get; } = new(StringComparer.Ordinal);

    /// <summary>The source of routes without a session.</summary>
    public SourceState? Own { get; set; }

    /// <summary>Resyncs that have begun, with the generation they began in.</summary>
    public Dictionary<ResyncScope, uint> Resyncs { get; } = [];

    public Dictionary<int, GroupState> Groups { get; } = [];

    public long Upserts { get; set; }

    public long Withdraws { get; set; }

    public long Swept { get; set; }

    public long Refused { get; set; }

    public int Restarts { get; set; }

    public string? LastError { get; set; }

    public bool IsRunning { get; set; }

    /// <summary>Alarms of its own that are on.</summary>
    public HashSet<(AlarmKind Kind, string Subject)> Alarms { get; } = [];

    /// <summary>What of it the mass-withdraw guard holds.</summary>
    public GuardState Guard { get; } = new();

    /// <summary>MAC and flood routes and neighbours of all its sources.</summary>
    public int Entries { get; set; }

    public IEnumerable<SourceState> Sources => Own is null ? Sessions.Values : Sessions.Values.Prepend(Own);

    /// <summary>A run of the plane begins; it will be told everything.</summary>
    public void Started()
    {
        IsRunning = true;
        Feed.Restart();
    }

    /// <summary>Marks: what is given from now on survives the sweep of this scope.</summary>
    public void BeginResync(ResyncScope scope) => Resyncs[scope] = ++Generation;

    /// <summary>True if a resync of this plane that covers the source is under way.</summary>
    public bool IsResyncing(string? session)
    {
        foreach (ResyncScope scope in Resyncs.Keys)
        {
            if (scope.Vni is null && (scope.Session is null || string.Equals(scope.Session, session, StringComparison.Ordinal)))
            {
                return true;
            }
        }

        return false;
    }
}
