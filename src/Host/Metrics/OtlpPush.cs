using System.Runtime.CompilerServices;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using Overlay.Host.Configuration;

namespace Overlay.Host.Metrics;

/// <summary>
/// The meter's instruments, sent to an OTLP collector. The only type that names those of OpenTelemetry: their assemblies are loaded when the first of these is made, and never where
/// nothing is pushed.
/// </summary>
/// <remarks><b>Threading:</b> one <see cref="Push"/> at a time; it waits for the collector, at most <see cref="Timeout"/>.</remarks>
internal sealed class OtlpPush : IDisposable
{
    /// <summary>How long a collector may take.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private readonly Exporter _exporter;
    private readonly BaseExportingMetricReader _reader;
    private readonly MeterProvider _provider;

    private OtlpPush(OtlpSpec spec, string node)
    {
        _exporter = new Exporter(new OtlpExporterOptions
        {
            Endpoint = Target(spec),
            Protocol = spec.IsGrpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf,
            TimeoutMilliseconds = (int)Timeout.TotalMilliseconds,
        });
        _reader = new BaseExportingMetricReader(_exporter) { TemporalityPreference = MetricReaderTemporalityPreference.Cumulative };
        var limits = MetricCatalog.All.ToDictionary(metric => metric.Name, metric => metric.MaxSeries, StringComparer.Ordinal);
        _provider = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => resource.Clear().AddService("overlayd", serviceVersion: BuildInformation.Version, serviceInstanceId: node))
            .AddMeter(OverlayInstruments.MeterName)
            .SetMaxMetricStreams(MetricCatalog.All.Length)
            .AddView(instrument => new MetricStreamConfiguration { CardinalityLimit = limits.GetValueOrDefault(instrument.Name, 1) + 1 })
            .AddReader(_reader)
            .Build();
    }

    /// <summary>Makes one. Nothing is sent yet.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static OtlpPush Create(OtlpSpec spec, string node) => new(spec, node);

    /// <summary>Sends what the instruments show to this thread (<see cref="Observation"/>).</summary>
    /// <returns>Whether the collector took it.</returns>
    public bool Push() => _reader.Collect((int)Timeout.TotalMilliseconds);

    /// <inheritdoc/>
    public void Dispose()
    {
        // The reader would push once more.
        _exporter.IsClosed = true;
        _provider.Dispose();
    }

    // An endpoint is a collector as a rule, and its path is the protocol's; one that has a path is taken as it is.
    private static Uri Target(OtlpSpec spec) =>
        !spec.IsGrpc && spec.Endpoint.AbsolutePath == "/" ? new Uri(spec.Endpoint, "v1/metrics") : spec.Endpoint;

    private sealed class Exporter(OtlpExporterOptions options) : OtlpMetricExporter(options)
    {
        public bool IsClosed { get; set; }

        public override ExportResult Export(in Batch<Metric> batch) => IsClosed ? ExportResult.Success : base.Export(batch);
    }
}
