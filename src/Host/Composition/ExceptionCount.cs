namespace Overlay.Host.Composition;

/// <summary>How many exceptions were thrown in this process, caught ones too: forwarding throws none, so a number that grows with the traffic is a defect.</summary>
internal static class ExceptionCount
{
    private static long _thrown;

    /// <summary>Exceptions since <see cref="Begin"/>. Any thread.</summary>
    public static long Value => Interlocked.Read(ref _thrown);

    /// <summary>Counts from now on; once, at the start. Costs nothing until something is thrown.</summary>
    public static void Begin() => AppDomain.CurrentDomain.FirstChanceException += (_, _) => Interlocked.Increment(ref _thrown);
}
