using System.Diagnostics;

namespace Overlay.Control.Evpn.Tests.Session;

/// <summary>Waits for conditions, never for time to pass; patient, because CI machines are slow.</summary>
internal static class Wait
{
    public static async Task Until(Func<bool> condition, string what, Func<string>? detail = null, int seconds = 40)
    {
        long start = Stopwatch.GetTimestamp();
        int pause = 1;
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start).TotalSeconds > seconds)
                throw new TimeoutException($"not within {seconds} s: {what}\n{detail?.Invoke()}");
            await Task.Delay(pause);
            pause = Math.Min(pause * 2, 20);
        }
    }
}
