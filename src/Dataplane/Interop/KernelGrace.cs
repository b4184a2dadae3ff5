namespace Overlay.Dataplane.Interop;

/// <summary>
/// Waits until no processor is in the middle of the kernel's network path any more that was when the call began: an RCU grace period. A frame for which a queue had been
/// chosen before is in that queue afterwards.
/// </summary>
internal static class KernelGrace
{
    private const int CommandGlobal = 1;

    /// <summary>Waits, some tens of milliseconds. 0, or a negative errno: then nothing was waited for.</summary>
    internal static int Wait() => Libc.Result(Libc.SystemCall(SystemCalls.Membarrier, CommandGlobal, 0, 0));
}
