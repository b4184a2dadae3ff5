namespace Overlay.Capture.Dissection;

/// <summary>
/// The verdict on a tunnel layer alone: every VNI configured, strict off, any source allowed, GPE and L3 payloads accepted, no option
/// registered. The daemon adds VNI, VTEP, inner-frame and L2 rules.
/// </summary>
public enum TunnelVerdict : byte
{
    /// <summary>An end point delivers the payload.</summary>
    Accept = 0,

    /// <summary>An end point drops it.</summary>
    Drop,

    /// <summary>For the control path, never a tenant (O bit).</summary>
    Control,

    /// <summary>Dropped unless every critical option present is registered.</summary>
    Critical,

    /// <summary>The first fragment of an outer datagram: judge after reassembly.</summary>
    Fragment,

    /// <summary>Cut by the capture's snap length: cannot be judged.</summary>
    NotApplicable,
}
