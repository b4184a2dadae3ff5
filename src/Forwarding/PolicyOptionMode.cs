namespace Overlay.Forwarding;

/// <summary>How the security policy option is marked towards one peer.</summary>
public enum PolicyOptionMode : byte
{
    /// <summary>Non-critical: an endpoint that does not know it ignores it (a deny fails open there).</summary>
    Advisory = 0,

    /// <summary>Critical (high bit of the option type set): an endpoint that does not know it drops the frame (RFC 8926 §3.5).</summary>
    Critical = 1,
}
