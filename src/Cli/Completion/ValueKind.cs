namespace Overlay.Cli.Completion;

/// <summary>Kinds of values that a shell can offer.</summary>
internal enum ValueKind
{
    /// <summary>Nothing can be offered.</summary>
    None,

    /// <summary>One of a few words.</summary>
    Words,

    /// <summary>A file of this host.</summary>
    Files,

    /// <summary>A VNI of the running daemon.</summary>
    Vnis,

    /// <summary>The name of a peer of the running daemon.</summary>
    Peers,

    /// <summary>The name of a port of the running daemon.</summary>
    Ports,
}
