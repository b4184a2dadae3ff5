using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>Ends of sessions in words.</summary>
internal static class CloseText
{
    /// <summary>A sentence for rows and logs. What a peer sent is fit for a terminal.</summary>
    public static string Describe(BgpClose close)
    {
        string text = close.Kind switch
        {
            BgpCloseKind.NotificationReceived => "the peer sent",
            BgpCloseKind.NotificationSent => "we sent",
            BgpCloseKind.TransportLost => "connection lost",
            BgpCloseKind.Removed => "removed",
            BgpCloseKind.Stopping => "overlayd stops",
            _ => "the peer opened a new connection in place of this one",
        };
        bool hasWords = close.Kind is BgpCloseKind.NotificationReceived or BgpCloseKind.NotificationSent;
        if (hasWords && close.Error is { } error)
            text = $"{text} {BgpErrorText.Describe(error)}";
        if (close.IsHardReset)
            text += " (hard reset)";
        return close.Text.Length == 0 ? text : $"{text}: {close.Text}";
    }
}
