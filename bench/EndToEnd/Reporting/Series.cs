using Overlay.EndToEnd.Measuring;

namespace Overlay.EndToEnd.Reporting;

/// <summary>The samples of one row of one contender on one wire.</summary>
internal sealed record Series
{
    public required string Contender { get; init; }

    public required string Wire { get; init; }

    public required string Row { get; init; }

    public List<Sample> Samples { get; init; } = [];
}
