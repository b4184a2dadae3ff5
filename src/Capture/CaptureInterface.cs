namespace Overlay.Capture;

/// <summary>An interface of a pcapng section, and the arithmetic of its clock (if_tsresol, if_tsoffset).</summary>
internal readonly record struct CaptureInterface(int LinkType, uint SnapLength, byte Resolution, long ClockOffset)
{
    private const uint NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Saturates instead of overflowing: a hostile clock must not end the reading.</summary>
    public long ToNanoseconds(ulong ticks)
    {
        int exponent = Resolution & 0x7F;
        UInt128 scaled = (UInt128)ticks * NanosecondsPerSecond;
        UInt128 nanoseconds;
        if ((Resolution & 0x80) != 0)
        {
            nanoseconds = scaled >> exponent;
        }
        else
        {
            UInt128 divisor = 1;
            for (int i = 0; i < exponent && divisor <= scaled; i++)
            {
                divisor *= 10;
            }

            nanoseconds = scaled / divisor;
        }

        Int128 shifted = (Int128)nanoseconds + ((Int128)ClockOffset * NanosecondsPerSecond);
        return (long)Int128.Clamp(shifted, long.MinValue, long.MaxValue);
    }
}
