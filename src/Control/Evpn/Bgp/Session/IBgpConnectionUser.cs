using System.Buffers;
using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>Who reads and fills a <see cref="BgpConnection"/>.</summary>
/// <remarks>
/// <b>Threading:</b> <see cref="Message"/>, <see cref="HeaderError"/> and <see cref="Ended"/> come one at a time and in order; <see cref="Fill"/> and
/// <see cref="Failed"/> come from another thread beside them, and <see cref="Fill"/> never after <see cref="Ended"/> has begun.
/// </remarks>
internal interface IBgpConnectionUser
{
    /// <summary>Longest message that may come now, in octets.</summary>
    int MaxMessageLength { get; }

    /// <summary>A message came.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="body">It without its header; valid during the call.</param>
    /// <returns>What must be over before the next message is read.</returns>
    ValueTask Message(BgpMessageType type, ReadOnlySpan<byte> body);

    /// <summary>What came is not a message (RFC 4271 §6.1). Nothing more is read.</summary>
    void HeaderError(BgpError error);

    /// <summary>Writes the next messages.</summary>
    /// <returns>True if there is more at once.</returns>
    bool Fill(IBufferWriter<byte> output);

    /// <summary>The connection was lost. May come more than once, or after <see cref="BgpConnection.Close"/>.</summary>
    /// <param name="why">In words.</param>
    void Failed(string why);

    /// <summary>Something above threw, which is a fault of ours. The user closes the connection.</summary>
    void Faulted(Exception error);

    /// <summary>Nothing more comes from this connection.</summary>
    void Ended();
}
