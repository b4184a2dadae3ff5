using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Ports;

namespace Overlay.Dataplane.HandOver;

/// <summary>A persistent TAP that overlayd made: it is there, with the tenant's addresses, while no overlayd runs.</summary>
/// <param name="Device">The device.</param>
/// <param name="Netns">Its network namespace, a name or path; null for our own.</param>
/// <param name="Tag">The alias that it was given, by which it is known again (<c>ip link show</c>). Another alias means that somebody else has taken it over.</param>
public sealed record KeptTap(string Device, string? Netns, string Tag)
{
    /// <summary>What every tag begins with.</summary>
    public const string TagPrefix = "overlayd:";

    /// <summary>Whether this is the TAP of a name in a namespace, however that is written.</summary>
    public bool IsAt(string device, string? netns) => Device == device && NetworkNamespace.Canonical(Netns) == NetworkNamespace.Canonical(netns);

    /// <summary>Removes a TAP that is no longer configured, if it is still the one that was made: a persistent TAP with that alias, which nobody has open.</summary>
    /// <param name="tap">The TAP.</param>
    /// <param name="error">Why one that is ours could not be removed; null otherwise.</param>
    /// <returns>Whether it is gone by this.</returns>
    public static bool Remove(KeptTap tap, out string? error)
    {
        ArgumentNullException.ThrowIfNull(tap);
        error = null;
        if (!DeviceOptions.IsValidName(tap.Device) || !tap.Tag.StartsWith(TagPrefix, StringComparison.Ordinal))
            return false;
        int result = NetworkNamespace.Run(tap.Netns, () => RemoveHere(tap), out string? gone);
        if (result < 0)
            error = $"tap '{tap.Device}' cannot be removed: {Errno.Describe(result)}; run: ip link del {tap.Device}";
        else if (gone is not null && !gone.EndsWith(Errno.Describe(-Errno.NoEntry), StringComparison.Ordinal))
            error = $"tap '{tap.Device}' cannot be removed: {gone}";
        return gone is null && result > 0;
    }

    private static int RemoveHere(KeptTap tap)
    {
        _ = InterfaceControl.TryOpen(out InterfaceControl? control);
        using (control)
        {
            int index = control?.Index(tap.Device) ?? 0;
            if (index <= 0 || TunLink.Read(index) is not { IsPersistent: true } state || TunLink.Alias(index) != tap.Tag)
                return 0;
            if (state.Queues > 0)
                return -Errno.Busy;
            int result = TunLink.Remove(index);
            return result < 0 ? result : 1;
        }
    }
}
