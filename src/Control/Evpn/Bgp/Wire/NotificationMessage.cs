using System.Buffers;
using System.Text;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>
/// NOTIFICATION (RFC 4271 §4.5), with the texts of RFC 9003 and the wrapping of RFC 8538:
/// <code>
/// | code | subcode | data ... |     Cease/2 and /4: | length | UTF-8 text |     Cease/9: | code | subcode | data ... |
/// </code>
/// </summary>
/// <param name="Error">The code, subcode and data as sent.</param>
public sealed record NotificationMessage(BgpError Error)
{
    /// <summary>Cease: Maximum Number of Prefixes Reached (RFC 4486 §4).</summary>
    public const byte MaximumPrefixes = 1;

    /// <summary>Cease: Administrative Shutdown (RFC 4486 §4).</summary>
    public const byte AdministrativeShutdown = 2;

    /// <summary>Cease: Peer De-configured (RFC 4486 §4).</summary>
    public const byte PeerDeconfigured = 3;

    /// <summary>Cease: Administrative Reset (RFC 4486 §4).</summary>
    public const byte AdministrativeReset = 4;

    /// <summary>Cease: Connection Rejected (RFC 4486 §4).</summary>
    public const byte ConnectionRejected = 5;

    /// <summary>Cease: Other Configuration Change (RFC 4486 §4).</summary>
    public const byte ConfigurationChange = 6;

    /// <summary>Cease: Connection Collision Resolution (RFC 4486 §4).</summary>
    public const byte Collision = 7;

    /// <summary>Cease: Out of Resources (RFC 4486 §4).</summary>
    public const byte OutOfResources = 8;

    /// <summary>Cease: Hard Reset (RFC 8538 §3).</summary>
    public const byte HardResetSubcode = 9;

    /// <summary>Octets of a shutdown communication (RFC 9003 §2).</summary>
    public const int MaxCommunication = 255;

    /// <summary>It is a Hard Reset.</summary>
    public bool IsHardReset => Error is { Code: BgpErrorCode.Cease, Subcode: HardResetSubcode };

    /// <summary>What it means: the error, or the one inside a Hard Reset, if there is one.</summary>
    public BgpError Meaning
    {
        get
        {
            ReadOnlyMemory<byte> data = Error.Data;
            return IsHardReset && data.Length >= 2 ? new BgpError((BgpErrorCode)data.Span[0], data.Span[1], data[2..]) : Error;
        }
    }

    /// <summary>The shutdown communication, fit for a terminal; null if there is none or it is past its end.</summary>
    public string? Communication
    {
        get
        {
            BgpError meaning = Meaning;
            ReadOnlySpan<byte> data = meaning.Data.Span;
            return meaning is { Code: BgpErrorCode.Cease, Subcode: AdministrativeShutdown or AdministrativeReset }
                && data.Length > 0 && data[0] > 0 && data[0] <= data.Length - 1
                ? BgpText.Printable(data.Slice(1, data[0]))
                : null;
        }
    }

    /// <summary>Reads a message. Never fails: an error in a NOTIFICATION is not answered (RFC 4271 §6.4).</summary>
    /// <param name="body">The message without its header.</param>
    public static NotificationMessage Parse(ReadOnlySpan<byte> body) => new(new BgpError(
        (BgpErrorCode)(body.Length > 0 ? body[0] : 0), body.Length > 1 ? body[1] : (byte)0, body.Length > 2 ? body[2..].ToArray() : default));

    /// <summary>Writes a whole message; data that do not fit 4096 octets are cut.</summary>
    public static void Write(IBufferWriter<byte> output, in BgpError error)
    {
        ArgumentNullException.ThrowIfNull(output);
        ReadOnlySpan<byte> data = error.Data.Span;
        data = data[..Math.Min(data.Length, BgpErrors.MaxData)];
        int length = BgpHeader.Length + 2 + data.Length;
        Span<byte> span = output.GetSpan(length);
        BgpHeader.WriteTo(span, BgpMessageType.Notification, length);
        span[BgpHeader.Length] = (byte)error.Code;
        span[BgpHeader.Length + 1] = error.Subcode;
        data.CopyTo(span[(BgpHeader.Length + 2)..]);
        output.Advance(length);
    }

    /// <inheritdoc cref="Write"/>
    public void WriteTo(IBufferWriter<byte> output) => Write(output, Error);

    /// <summary>Cease with a text (RFC 9003).</summary>
    /// <param name="subcode"><see cref="AdministrativeShutdown"/> or <see cref="AdministrativeReset"/>.</param>
    /// <param name="text">Cut to 255 octets of UTF-8 at a character; null or empty for none.</param>
    public static BgpError Cease(byte subcode, string? text = null)
    {
        if (string.IsNullOrEmpty(text))
        {
            return new BgpError(BgpErrorCode.Cease, subcode);
        }

        byte[] octets = Encoding.UTF8.GetBytes(text);
        int length = Math.Min(octets.Length, MaxCommunication);
        while (length < octets.Length && length > 0 && (octets[length] & 0xC0) == 0x80)
        {
            length--;
        }

        return new BgpError(BgpErrorCode.Cease, subcode, (byte[])[(byte)length, .. octets.AsSpan(0, length)]);
    }

    /// <summary>Wraps an error in a Hard Reset, which tells a peer with the N bit to drop our routes (RFC 8538 §3).</summary>
    public static BgpError HardReset(in BgpError inner)
    {
        ReadOnlySpan<byte> data = inner.Data.Span;
        data = data[..Math.Min(data.Length, BgpErrors.MaxData - 2)];
        return new BgpError(BgpErrorCode.Cease, HardResetSubcode, (byte[])[(byte)inner.Code, inner.Subcode, .. data]);
    }

    /// <summary>For the operator: <c>Cease/2: administrative shutdown: "text"</c>; of a Hard Reset also the outer one.</summary>
    public string ToText()
    {
        string text = BgpErrorText.Describe(Meaning);
        text = Communication is string communication ? $"{text}: \"{communication}\"" : text;
        return IsHardReset ? $"{text} (hard reset)" : text;
    }
}
