using System.Text.Json.Serialization;

namespace Overlay.Cli.Doctor;

/// <summary>What <c>doctor -o json</c> prints.</summary>
internal sealed record DoctorReport(string Verdict, IReadOnlyList<DoctorReportLine> Checks);

/// <summary>One check of a <see cref="DoctorReport"/>; <c>state</c> is <c>ok</c>, <c>warn</c> or <c>fail</c>.</summary>
internal sealed record DoctorReportLine(string Check, string State, string Finding, string? Fix);

/// <summary>Its serializer.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(DoctorReport))]
internal sealed partial class DoctorJsonContext : JsonSerializerContext;
