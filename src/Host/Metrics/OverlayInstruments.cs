using System.Diagnostics.Metrics;

namespace Overlay.Host.Metrics;

/// <summary>
/// The meter <c>Overlay</c>: an observable instrument for every metric of <see cref="MetricCatalog"/>. Nothing is counted here: the dataplane counts in its workers' cells,
/// and an <see cref="Observation"/> looks at one <see cref="MetricsReading"/>. A listener without one gets nothing.
/// </summary>
internal sealed class OverlayInstruments : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Overlay";

    private readonly Meter _meter = new(MeterName, BuildInformation.Version);

    public OverlayInstruments()
    {
        foreach (var definition in MetricCatalog.All)
        {
            if (definition.Whole is { } whole)
            {
                Create(definition, () => Observation.Values(definition, whole));
            }
            else
            {
                Create(definition, () => Observation.Values(definition, definition.Real!));
            }
        }
    }

    /// <summary>Whether an instrument is one of these.</summary>
    public bool Owns(Instrument instrument) => ReferenceEquals(instrument.Meter, _meter);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private void Create<T>(MetricDefinition definition, Func<IEnumerable<Measurement<T>>> values)
        where T : struct
    {
        if (definition.Kind == MetricKind.Gauge)
        {
            _meter.CreateObservableGauge(definition.Name, values, definition.Unit, definition.Help);
        }
        else
        {
            _meter.CreateObservableCounter(definition.Name, values, definition.Unit, definition.Help);
        }
    }
}
