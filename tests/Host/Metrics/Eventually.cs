using System.Diagnostics;
using Xunit;

namespace Overlay.Host.Tests.Metrics;

/// <summary>Waits for what a daemon does by itself, on a thread of its own.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Asks again and again until the condition holds; fails with what was waited for.</summary>
    public static async Task HoldsAsync(Func<Task<bool>> condition, string what)
    {
        var began = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < Patience, $"never: {what}");
            await Task.Delay(20);
        }
    }
}
