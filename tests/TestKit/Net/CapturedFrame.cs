namespace Overlay.TestKit.Net;

/// <summary>A frame as it passed a device.</summary>
/// <param name="Data">From the destination MAC to the last octet; no FCS.</param>
/// <param name="Outgoing">Sent by the namespace the device is in.</param>
/// <param name="Time">When it was read.</param>
public sealed record CapturedFrame(byte[] Data, bool Outgoing, DateTimeOffset Time);
