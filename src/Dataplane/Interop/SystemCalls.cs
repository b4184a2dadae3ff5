using System.Runtime.InteropServices;

namespace Overlay.Dataplane.Interop;

/// <summary>Numbers of system calls that the C library has no function for.</summary>
internal static class SystemCalls
{
    internal static readonly int Bpf = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 321 : 280;
    internal const int IoUringSetup = 425;
    internal const int IoUringEnter = 426;
    internal static readonly int Membarrier = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 324 : 283;
}
