using System.Text;
using Overlay.Encap;

namespace Overlay.Host.State;

/// <summary>
/// Keeps the seed of the flow hash in a file of the state directory, so that a flow keeps its source port over a restart. The file is a
/// secret (mode 0600): who knows the seed can aim flows at one port.
/// </summary>
public static class FlowHashSeedStore
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "flow-hash.seed";

    /// <summary>Reads the seed, or makes one and keeps it. Never fails: without a usable file the seed is fresh.</summary>
    /// <param name="directory">The state directory; made if it is missing.</param>
    /// <param name="warning">What an operator should know, or null.</param>
    public static FlowHashSeed LoadOrCreate(string directory, out string? warning)
    {
        warning = null;
        var path = Path.Combine(directory, FileName);
        try
        {
            if (File.Exists(path))
            {
                var text = new FileInfo(path).Length <= 64 ? File.ReadAllText(path).Trim() : "";
                if (FlowHashSeed.TryParse(text, out var kept))
                {
                    return kept;
                }

                warning = $"{path} does not hold a seed: a new one was made, so flows change their source port once";
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            warning = $"{path} cannot be read ({error.Message}): flows change their source port with each restart. Run: ls -l {path}";
        }

        var seed = FlowHashSeed.CreateRandom();
        if (StateFile.Write(path, Encoding.ASCII.GetBytes(seed + "\n")) is { } fault)
        {
            warning ??= $"{fault}: flows change their source port with each restart. Set state.directory to a directory of this user";
        }

        return seed;
    }
}
