using Overlay.Control.HandOver;
using Overlay.Dataplane.HandOver;

namespace Overlay.Host.Restart;

/// <summary>What one process leaves to the next beside open descriptors.</summary>
/// <param name="Boot">Which boot of the machine it was written in (<c>/proc/sys/kernel/random/boot_id</c>): ports and ages mean nothing in another.</param>
/// <param name="Uptime">How long the machine had been up.</param>
/// <param name="Queues">How long the queues of TAPs were before they grew for the restart.</param>
/// <param name="Seen">What was learned from frames.</param>
/// <param name="Routes">What planes had given, a plane each.</param>
internal sealed record HandOverState(Guid Boot, TimeSpan Uptime, IReadOnlyList<QueueLength> Queues, SeenMacs Seen, IReadOnlyList<KeptRoutes> Routes);
