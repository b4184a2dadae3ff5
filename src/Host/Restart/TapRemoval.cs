using Overlay.Dataplane.HandOver;
using Overlay.Host.State;

namespace Overlay.Host.Restart;

/// <summary>Removes the persistent TAPs of a daemon that does not run and will not again.</summary>
internal static class TapRemoval
{
    /// <summary>The state directory of a daemon whose configuration cannot be read any more.</summary>
    public const string DefaultDirectory = "/var/lib/overlay";

    /// <summary>Removes what the list of a state directory names, as far as it is ours still.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(string directory)
    {
        using var own = DirectoryLock.TryTake(directory, out var isTaken);
        if (isTaken)
        {
            Console.Error.WriteLine($"overlayd: the overlayd that keeps its state in {directory} runs: stop it first");
            return ExitCode.Failure;
        }

        var taps = TapLedger.Read(directory, out var warning);
        if (warning is not null)
        {
            Console.Error.WriteLine($"overlayd: {warning}");
            return ExitCode.Failure;
        }

        var left = new List<KeptTap>();
        foreach (var tap in taps)
        {
            var isGone = KeptTap.Remove(tap, out var fault);
            if (fault is not null)
            {
                left.Add(tap);
                Console.Error.WriteLine($"overlayd: {fault}");
            }
            else if (isGone)
            {
                Console.Out.WriteLine($"tap {tap.Device} removed");
            }
        }

        if (taps.Count > left.Count && TapLedger.Write(directory, left) is { } problem)
        {
            Console.Error.WriteLine($"overlayd: {problem}");
        }

        return left.Count == 0 ? ExitCode.Ok : ExitCode.Failure;
    }
}
