using System.Text.Json.Serialization;

namespace Overlay.Api;

/// <summary>Serializers of the admin API, made at build time: no reflection at start.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ProbeResponse))]
[JsonSerializable(typeof(LogLevelResponse))]
[JsonSerializable(typeof(StatusResponse))]
[JsonSerializable(typeof(FdbResponse))]
[JsonSerializable(typeof(FdbWhyResponse))]
[JsonSerializable(typeof(FdbMovesResponse))]
[JsonSerializable(typeof(FdbFlushResponse))]
[JsonSerializable(typeof(FdbUnfreezeResponse))]
[JsonSerializable(typeof(GuardResponse))]
[JsonSerializable(typeof(GuardApproveResponse))]
[JsonSerializable(typeof(VnisResponse))]
[JsonSerializable(typeof(DropsResponse))]
[JsonSerializable(typeof(MtuResponse))]
[JsonSerializable(typeof(NeighborsResponse))]
[JsonSerializable(typeof(IReadOnlyList<NeighborVni>))]
[JsonSerializable(typeof(StormResponse))]
[JsonSerializable(typeof(ConfigResponse))]
[JsonSerializable(typeof(ConfigCheckResponse))]
[JsonSerializable(typeof(ConfigReloadResponse))]
[JsonSerializable(typeof(ConfigChangeResponse))]
[JsonSerializable(typeof(ConfigDiffResponse))]
[JsonSerializable(typeof(EventInfo))]
[JsonSerializable(typeof(HealthResponse))]
[JsonSerializable(typeof(ErrorResponse))]
public sealed partial class ApiJsonContext : JsonSerializerContext;
