using Overlay.EndToEnd.Measuring;

namespace Overlay.EndToEnd.Reporting;

/// <summary>All that a run found, as it is written to JSON.</summary>
internal sealed record RunReport
{
    /// <summary>When it began, ISO 8601.</summary>
    public string Started { get; init; } = "";

    /// <summary>Processors, kernel.</summary>
    public string Machine { get; init; } = "";

    /// <summary>What ran: overlayd and the programs beside it, with their versions.</summary>
    public SortedDictionary<string, string> Versions { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Contenders by name, with what they are.</summary>
    public IReadOnlyList<ContenderInfo> Contenders { get; init; } = [];

    /// <summary>Rounds asked for.</summary>
    public int Rounds { get; init; }

    /// <summary>Short measurements: these are no figures.</summary>
    public bool Quick { get; init; }

    /// <summary>The measurements.</summary>
    public List<Series> Results { get; init; } = [];

    /// <summary>What could not be brought up, or measured.</summary>
    public List<string> Failures { get; init; } = [];

    /// <summary>The samples of a row; empty if it was not measured.</summary>
    public IReadOnlyList<Sample> Samples(string contender, Wire wire, Row row) =>
        Results.Find(s => s.Contender == contender && s.Wire == Names.Of(wire) && s.Row == Names.Of(row))?.Samples ?? [];

    /// <summary>Adds a measurement.</summary>
    public void Add(string contender, Wire wire, Row row, Sample sample)
    {
        var series = Results.Find(s => s.Contender == contender && s.Wire == Names.Of(wire) && s.Row == Names.Of(row));
        if (series is null) Results.Add(series = new Series { Contender = contender, Wire = Names.Of(wire), Row = Names.Of(row) });
        series.Samples.Add(sample);
        if (sample.Note is { } note) Failures.Add($"{contender}, {Names.Of(wire)} wire, {Names.Of(row)}, round {sample.Round}: {note}");
    }
}
