using System.Runtime.InteropServices;
using System.Text;

namespace Overlay.Host.Privileges;

/// <summary>
/// Gives capabilities up for good. They belong to threads, and the runtime has started several before a line of ours runs: so the calling thread gives them up and
/// starts the same program again in its place, same process id and descriptors, and every thread of that begins with what is left.
/// </summary>
internal static class PrivilegeDrop
{
    // Set for the program that was started again: if it still holds too much, the kernel has its reasons, and a third start would not change them.
    private const string Marker = "OVERLAYD_PRIVILEGES_GIVEN_UP";
    private const int PrCapBoundingDrop = 24;
    private const int PrNoNewPrivileges = 38;
    private const int PrCapAmbient = 47;
    private const nuint AmbientRaise = 2;
    private const nuint AmbientClear = 4;
    private const uint CapabilityVersion3 = 0x20080522;

    /// <summary>Does not return if something is given up. Call it before anything is opened.</summary>
    /// <param name="spec">What the configuration says.</param>
    /// <param name="needs">What it needs.</param>
    /// <returns>What an operator should know: that capabilities could not be given up, or that wanted ones are not held; or null.</returns>
    public static string? Apply(PrivilegeSpec spec, CapabilitySet needs)
    {
        if (spec.Mode == PrivilegeMode.Given)
        {
            return null;
        }

        var held = HeldCapabilities.Read();
        var wanted = spec.Mode == PrivilegeMode.Auto ? needs : spec.Listed;
        var excess = held.Permitted.Except(wanted);
        if (!excess.IsEmpty)
        {
            var fault = Environment.GetEnvironmentVariable(Marker) is null ? StartAgain(wanted & held.Permitted) : "held again by the program started in its place";
            return $"privileges.capabilities: {excess} could not be given up: {fault}";
        }

        var missing = wanted.Except(held.Permitted);
        return missing.IsEmpty ? null : $"privileges.capabilities: not held: {missing}; what needs it fails and says so. Next: systemctl edit overlayd (AmbientCapabilities=)";
    }

    // Returns only if it failed.
    private static string StartAgain(CapabilitySet keep)
    {
        string?[] arguments;
        try
        {
            arguments = [.. Encoding.UTF8.GetString(File.ReadAllBytes("/proc/self/cmdline")).TrimEnd('\0').Split('\0'), null];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return error.Message;
        }

        // What a program started as root gets is bounded by this set; whoever lacks CAP_SETPCAP is held back by no_new_privs instead.
        for (var number = 0; number <= CapabilitySet.Last; number++)
        {
            if (!keep.Has(number))
            {
                _ = prctl(PrCapBoundingDrop, (nuint)number, 0, 0, 0);
            }
        }

        var header = new Header { Version = CapabilityVersion3 };
        var (low, high) = ((uint)keep.Bits, (uint)(keep.Bits >> 32));
        var sets = new[]
        {
            new Sets { Effective = low, Permitted = low, Inheritable = low },
            new Sets { Effective = high, Permitted = high, Inheritable = high },
        };
        if (capset(ref header, sets) != 0)
        {
            return $"capset: {Marshal.GetLastPInvokeErrorMessage()}";
        }

        _ = prctl(PrCapAmbient, AmbientClear, 0, 0, 0);
        for (var number = 0; number <= CapabilitySet.Last; number++)
        {
            if (keep.Has(number))
            {
                _ = prctl(PrCapAmbient, AmbientRaise, (nuint)number, 0, 0);
            }
        }

        _ = prctl(PrNoNewPrivileges, 1, 0, 0, 0);
        var environment = new List<string?> { $"{Marker}=1" };
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            environment.Add($"{entry.Key}={entry.Value}");
        }

        environment.Add(null);
        _ = execve("/proc/self/exe", arguments, [.. environment]);
        return $"execve: {Marshal.GetLastPInvokeErrorMessage()}";
    }

#pragma warning disable SYSLIB1054 // Source-generated marshalling needs unsafe code, which this project does not allow.
    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int prctl(int option, nuint second, nuint third, nuint fourth, nuint fifth);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int capset(ref Header header, [In] Sets[] sets);

    [DllImport("libc", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int execve([MarshalAs(UnmanagedType.LPUTF8Str)] string path, string?[] arguments, string?[] environment);
#pragma warning restore SYSLIB1054

    [StructLayout(LayoutKind.Sequential)]
    private struct Header
    {
        public uint Version;
        public int Pid;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Sets
    {
        public uint Effective;
        public uint Permitted;
        public uint Inheritable;
    }
}
