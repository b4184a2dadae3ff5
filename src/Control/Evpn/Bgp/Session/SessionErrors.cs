using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>NOTIFICATIONs that sessions send by themselves.</summary>
internal static class SessionErrors
{
    /// <summary>Hold timer expired (RFC 4271 §6.5).</summary>
    public static readonly BgpError HoldTimerExpired = new(BgpErrorCode.HoldTimerExpired, 0);

    /// <summary>Send hold timer expired (RFC 9687 §4).</summary>
    public static readonly BgpError SendHoldTimerExpired = new(BgpErrorCode.SendHoldTimerExpired, 0);

    /// <summary>Cease, peer de-configured (RFC 4486 §3).</summary>
    public static readonly BgpError Deconfigured = NotificationMessage.Cease(NotificationMessage.PeerDeconfigured);

    /// <summary>Cease, administrative reset.</summary>
    public static readonly BgpError AdministrativeReset = NotificationMessage.Cease(NotificationMessage.AdministrativeReset);

    /// <summary>Cease, connection rejected.</summary>
    public static readonly BgpError ConnectionRejected = NotificationMessage.Cease(NotificationMessage.ConnectionRejected);

    /// <summary>Cease, other configuration change.</summary>
    public static readonly BgpError ConfigurationChange = NotificationMessage.Cease(NotificationMessage.ConfigurationChange);

    /// <summary>Cease, connection collision resolution.</summary>
    public static readonly BgpError CollisionResolution = NotificationMessage.Cease(NotificationMessage.Collision);

    /// <summary>Cease, out of resources.</summary>
    public static readonly BgpError OutOfResources = NotificationMessage.Cease(NotificationMessage.OutOfResources);

    /// <summary>A message that does not belong into the state (RFC 6608 §3): 1 OpenSent, 2 OpenConfirm, 3 Established.</summary>
    public static BgpError Unexpected(byte subcode) => new(BgpErrorCode.StateMachine, subcode);

    /// <summary>The whole NOTIFICATION message.</summary>
    public static byte[] ToMessage(in BgpError error)
    {
        using var output = new OutputBuffer();
        NotificationMessage.Write(output, error);
        return output.Written.ToArray();
    }
}
