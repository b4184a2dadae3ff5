using System.Diagnostics.Metrics;

namespace Overlay.Host.Metrics;

/// <summary>Writes what the instruments show in the Prometheus text format, version 0.0.4, into octets of a pool.</summary>
/// <remarks><b>Threading:</b> one <see cref="Render"/> at a time.</remarks>
internal sealed class PrometheusText : IDisposable
{
    /// <summary>The content type of the format.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly Observation _observation = new();
    private readonly MeterListener _listener = new();
    private string _family = "";
    private Utf8Page? _page;

    public PrometheusText(OverlayInstruments instruments)
    {
        var definitions = MetricCatalog.All.ToDictionary(definition => definition.Name, StringComparer.Ordinal);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instruments.Owns(instrument))
            {
                listener.EnableMeasurementEvents(instrument, definitions[instrument.Name]);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, value, tags, state) =>
        {
            Begin((MetricDefinition)state!, tags);
            _page!.Number(value);
            _page.Octet((byte)'\n');
        });
        _listener.SetMeasurementEventCallback<double>((_, value, tags, state) =>
        {
            Begin((MetricDefinition)state!, tags);
            _page!.Number(value);
            _page.Octet((byte)'\n');
        });
        _listener.Start();
    }

    /// <summary>Writes a page.</summary>
    /// <param name="reading">What it shows.</param>
    /// <param name="page">Where it goes.</param>
    public void Render(MetricsReading reading, Utf8Page page) => _observation.Run(reading, () =>
    {
        (_page, _family) = (page, "");
        try
        {
            _listener.RecordObservableInstruments();
        }
        finally
        {
            _page = null;
        }
    });

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private void Begin(MetricDefinition definition, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var page = _page!;
        if (!ReferenceEquals(definition.Family, _family))
        {
            _family = definition.Family;
            page.Text("# HELP ");
            page.Text(_family);
            page.Octet((byte)' ');
            page.Escaped(definition.Help, quotes: false);
            page.Text("\n# TYPE ");
            page.Text(_family);
            page.Text(definition.Kind switch { MetricKind.Counter => " counter\n", MetricKind.Gauge => " gauge\n", _ => " histogram\n" });
        }

        page.Octets(definition.NameOctets);
        for (var i = 0; i < tags.Length; i++)
        {
            page.Octet(i == 0 ? (byte)'{' : (byte)',');
            page.Text(tags[i].Key);
            page.Text("=\"");
            page.Escaped((string)tags[i].Value!, quotes: true);
            page.Octet((byte)'"');
        }

        if (tags.Length > 0)
        {
            page.Octet((byte)'}');
        }

        page.Octet((byte)' ');
    }
}
