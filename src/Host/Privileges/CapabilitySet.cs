using System.Globalization;

namespace Overlay.Host.Privileges;

/// <summary>A set of capabilities (capabilities(7)).</summary>
/// <param name="Bits">A bit each, by the kernel's numbers.</param>
public readonly record struct CapabilitySet(ulong Bits)
{
    /// <summary>Devices, addresses, MTUs, queue lengths: what TAPs take.</summary>
    public static readonly CapabilitySet NetAdmin = Single(12);

    /// <summary>Packet sockets: what veth ends take.</summary>
    public static readonly CapabilitySet NetRaw = Single(13);

    /// <summary>Ports under 1024.</summary>
    public static readonly CapabilitySet NetBindService = Single(10);

    /// <summary>Entering network namespaces, among much else.</summary>
    public static readonly CapabilitySet SysAdmin = Single(21);

    /// <summary>Programs in the kernel: several queues and the priority lane.</summary>
    public static readonly CapabilitySet Bpf = Single(39);

    private const string Prefix = "CAP_";

    // linux/capability.h; a bit's number is the place in this list.
    private static readonly string[] All =
    [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE",
        "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN",
        "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE",
        "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
    ];

    /// <summary>The highest number known, inclusive.</summary>
    public static int Last => All.Length - 1;

    /// <summary>True if nothing is in it.</summary>
    public bool IsEmpty => Bits == 0;

    /// <summary>What is in either.</summary>
    public static CapabilitySet operator |(CapabilitySet left, CapabilitySet right) => new(left.Bits | right.Bits);

    /// <summary>What is in both.</summary>
    public static CapabilitySet operator &(CapabilitySet left, CapabilitySet right) => new(left.Bits & right.Bits);

    /// <summary>A name, with or without <c>CAP_</c>, in any case.</summary>
    /// <returns>False if the kernel has no such capability, as far as we know.</returns>
    public static bool TryParse(string name, out CapabilitySet capability)
    {
        var bare = name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? name[Prefix.Length..] : name;
        var number = Array.FindIndex(All, known => known.Equals(bare, StringComparison.OrdinalIgnoreCase));
        capability = number < 0 ? default : Single(number);
        return number >= 0;
    }

    /// <summary>What is in this one and not in the other.</summary>
    public CapabilitySet Except(CapabilitySet other) => new(Bits & ~other.Bits);

    /// <summary>True if the capability of this number is in it.</summary>
    public bool Has(int number) => (Bits >> number & 1) != 0;

    /// <summary>The names, in the kernel's order, such as <c>CAP_NET_ADMIN</c>; a number for what is newer than we are.</summary>
    public IReadOnlyList<string> Names()
    {
        var set = this;
        return [.. Enumerable.Range(0, 64).Where(set.Has).Select(i => i < All.Length ? Prefix + All[i] : string.Create(CultureInfo.InvariantCulture, $"{Prefix}{i}"))];
    }

    /// <inheritdoc/>
    public override string ToString() => IsEmpty ? "no capability" : string.Join(' ', Names());

    private static CapabilitySet Single(int number) => new(1UL << number);
}
