namespace Overlay.Dataplane.Interop;

/// <summary>Ties the calling thread to a processor.</summary>
internal static unsafe class Affinity
{
    private const int MaskSize = 128;

    /// <summary>0, or a negative errno (a processor that does not exist or is not allowed).</summary>
    /// <param name="processor">0–1023.</param>
    internal static int Set(int processor)
    {
        if ((uint)processor >= MaskSize * 8)
            return -Errno.Invalid;
        byte* mask = stackalloc byte[MaskSize];
        new Span<byte>(mask, MaskSize).Clear();
        mask[processor / 8] = (byte)(1 << (processor % 8));
        return Libc.Result(Libc.SchedSetAffinity(0, MaskSize, mask));
    }
}
