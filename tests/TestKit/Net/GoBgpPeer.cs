using System.Text.Json.Nodes;

namespace Overlay.TestKit.Net;

/// <summary>A GoBGP of its own in a namespace: a speaker and route reflector that has nothing to do with the kernel's tables.</summary>
public sealed class GoBgpPeer : IDisposable
{
    private readonly RunningProcess _daemon;

    private GoBgpPeer(NetLab lab, string netns, string toml)
    {
        Requires.Tools("gobgpd", "gobgp");
        Netns = netns;
        var file = Path.Combine(lab.Folder, $"gobgp-{netns}.toml");
        File.WriteAllText(file, toml);
        _daemon = lab.Own(Cmd.Start(netns, null, "gobgpd", "-t", "toml", "-f", file, "--api-hosts=127.0.0.1:50051", "--pprof-disable"));
        Wait.Until(() => Cmd.Run(netns, "gobgp", "global").Ok || _daemon.HasExited, TimeSpan.FromSeconds(15), "gobgpd answers", () => _daemon.StdOut + _daemon.StdErr);
    }

    /// <summary>The namespace.</summary>
    public string Netns { get; }

    /// <summary>What it logged.</summary>
    public string Log => _daemon.StdOut + _daemon.StdErr;

    /// <summary>Starts it with a configuration file's text.</summary>
    public static GoBgpPeer Start(NetLab lab, string netns, string toml) => lab.Own(new GoBgpPeer(lab, netns, toml));

    /// <summary>Runs the client.</summary>
    public string Run(params ReadOnlySpan<string> args) => Cmd.Run(Netns, ["gobgp", .. args]).OrThrow().StdOut;

    /// <summary>Its EVPN table as the client's JSON; null while it is empty.</summary>
    public JsonNode? Routes()
    {
        var text = Run("global", "rib", "-a", "evpn", "-j");
        return text.StartsWith('{') || text.StartsWith('[') ? JsonNode.Parse(text) : null;
    }

    /// <summary>Ends it hard: politely it would withdraw one neighbour's routes from the other before it goes.</summary>
    public void Kill()
    {
        _daemon.Signal(Native.SigKill);
        _daemon.WaitForExit(TimeSpan.FromSeconds(10));
    }

    /// <inheritdoc/>
    public void Dispose() => _daemon.Dispose();
}
