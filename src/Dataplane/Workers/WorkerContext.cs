using Microsoft.Extensions.Logging;
using Overlay.Dataplane.Forwarding;

namespace Overlay.Dataplane.Workers;

/// <summary>What a worker is given.</summary>
internal sealed record WorkerContext(WorkerEpoch Epoch, WorkerFaults Faults, ILogger Logger, TimeProvider Time, int? Processor, int BatchSize, TimeSpan Spin = default);
