using System.Buffers;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>KEEPALIVE: a header alone (RFC 4271 §4.4).</summary>
public static class KeepaliveMessage
{
    /// <summary>Writes a whole message.</summary>
    public static void Write(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        BgpHeader.WriteTo(output.GetSpan(BgpHeader.Length), BgpMessageType.Keepalive, BgpHeader.Length);
        output.Advance(BgpHeader.Length);
    }
}
