namespace Overlay.Tests;

/// <summary>
/// Measures what a piece of work allocates on this thread. What the work itself allocates it allocates every time; what the runtime allocates on the way, while it
/// compiles a loop anew or makes a thread's first of something, it does not. The least of several windows is the work's. Compiled into every test project.
/// </summary>
internal static class Allocation
{
    /// <summary>Octets that the work allocates.</summary>
    /// <param name="work">Work that is worth measuring: many frames, say. It runs once for each window, and is done when a window was free of allocation.</param>
    /// <param name="windows">Windows at most.</param>
    public static long Least(Action work, int windows = 8)
    {
        long least = long.MaxValue;
        for (int window = 0; window < windows && least > 0; window++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
