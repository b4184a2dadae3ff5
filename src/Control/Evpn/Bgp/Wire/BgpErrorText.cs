using System.Globalization;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>Error codes and subcodes in words (RFC 4271 §4.5, RFC 4486, RFC 6608, RFC 7313, RFC 8538 and the IANA registry).</summary>
public static class BgpErrorText
{
    /// <summary>For the operator, for example <c>6/2 the peer was shut down by its operator</c>. Data are not shown.</summary>
    public static string Describe(in BgpError error) => Describe((byte)error.Code, error.Subcode);

    /// <inheritdoc cref="Describe(in BgpError)"/>
    public static string Describe(byte code, byte subcode)
    {
        string sentence = (code, subcode) switch
        {
            (1, 1) => "the stream is out of step: a marker is not all ones",
            (1, 2) => "a message has a length that its type cannot have",
            (1, 3) => "a message has an unknown type",
            (1, _) => "a message header is wrong",
            (2, 1) => "the BGP version is not 4",
            (2, 2) => "the AS is not the one that is configured",
            (2, 3) => "the BGP identifier is 0 or taken",
            (2, 4) => "an optional parameter of OPEN is not supported",
            (2, 5) => "authentication failed",
            (2, 6) => "the hold time is not acceptable",
            (2, 7) => "a capability that is needed is missing",
            (2, 11) => "the roles of the two ends do not match",
            (2, _) => "an OPEN message is malformed",
            (3, 1) => "the attributes of an UPDATE are malformed",
            (3, 2) => "an UPDATE has an unknown well-known attribute",
            (3, 3) => "an UPDATE lacks a well-known attribute",
            (3, 4) => "an attribute of an UPDATE has wrong flags",
            (3, 5) => "an attribute of an UPDATE has a wrong length",
            (3, 6) => "the ORIGIN of an UPDATE is invalid",
            (3, 7) => "an UPDATE shows a routing loop between ASes",
            (3, 8) => "the NEXT_HOP of an UPDATE is invalid",
            (3, 9) => "an optional attribute of an UPDATE is malformed",
            (3, 10) => "a route of an UPDATE is malformed",
            (3, 11) => "the AS_PATH of an UPDATE is malformed",
            (3, _) => "an UPDATE message is malformed",
            (4, _) => "the hold timer expired: nothing was heard for the hold time",
            (5, 1) => "a message came that does not belong in state OpenSent",
            (5, 2) => "a message came that does not belong in state OpenConfirm",
            (5, 3) => "a message came that does not belong in state Established",
            (5, _) => "a message came that does not belong in the state of the session",
            (6, 1) => "there are more routes than the limit allows",
            (6, 2) => "shut down by the operator",
            (6, 3) => "the neighbour is not configured any more",
            (6, 4) => "reset by the operator",
            (6, 5) => "the connection is refused",
            (6, 6) => "the configuration has changed",
            (6, 7) => "of two connections the other one is kept",
            (6, 8) => "resources have run out",
            (6, 9) => "hard reset",
            (6, 10) => "BFD says that the path is down",
            (6, _) => "the session is closed",
            (7, 1) => "a ROUTE-REFRESH message has a wrong length",
            (7, _) => "a ROUTE-REFRESH message is malformed",
            (8, 1) => "the send hold timer expired: the peer takes nothing",
            (8, _) => "the send hold timer expired",
            _ => "unknown error",
        };
        return string.Create(CultureInfo.InvariantCulture, $"{code}/{subcode} {sentence}");
    }
}
