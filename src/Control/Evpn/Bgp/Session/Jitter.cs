using System.Security.Cryptography;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>Timers that all start at one moment do not all end at one (RFC 4271 §10): a factor of 0.75–1.0.</summary>
internal static class Jitter
{
    /// <summary>The time less up to a quarter of it.</summary>
    public static TimeSpan Of(TimeSpan time) => time * (0.75 + (RandomNumberGenerator.GetInt32(0, 251) / 1000.0));
}
