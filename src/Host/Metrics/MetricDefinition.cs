using System.Collections.Immutable;
using System.Text;

namespace Overlay.Host.Metrics;

/// <summary>A metric: what it is called, what it means, and where its values come from. One of <see cref="Whole"/> and <see cref="Real"/> is given.</summary>
internal sealed class MetricDefinition
{
    /// <summary>The name without the suffix of a part of a histogram: what <c># TYPE</c> says and docs list.</summary>
    public required string Family { get; init; }

    /// <summary>What it is.</summary>
    public required MetricKind Kind { get; init; }

    /// <summary>The unit by UCUM, as OpenTelemetry has it: <c>By</c>, <c>s</c>, <c>{frame}</c>; <c>1</c> for none.</summary>
    public required string Unit { get; init; }

    /// <summary>One sentence, or two.</summary>
    public required string Help { get; init; }

    /// <summary>Label names in their order. None is ever a MAC, or anything else that a tenant can make up.</summary>
    public ImmutableArray<string> Labels { get; init; } = [];

    /// <summary>Of a histogram: which part this is (<c>_bucket</c>, <c>_sum</c>, <c>_count</c>); empty otherwise.</summary>
    public string Suffix { get; init; } = "";

    /// <summary>Time series there may be at most.</summary>
    public required int MaxSeries { get; init; }

    /// <summary>Writes whole values.</summary>
    public Action<MetricsReading, MetricSeries<long>>? Whole { get; init; }

    /// <summary>Writes values with a fraction.</summary>
    public Action<MetricsReading, MetricSeries<double>>? Real { get; init; }

    /// <summary>The name of the instrument and of its time series.</summary>
    public string Name => Family + Suffix;

    /// <summary>The name in octets.</summary>
    public ReadOnlySpan<byte> NameOctets => _nameOctets ??= Encoding.UTF8.GetBytes(Name);

    private byte[]? _nameOctets;
}
