namespace Overlay.TestKit.Net;

/// <summary>What a cluster is started with beside the usual.</summary>
public sealed record EtcdPeerOptions
{
    /// <summary><c>http</c> or <c>https</c>, of clients; members speak plainly with each other.</summary>
    public string Scheme { get; init; } = "http";

    /// <summary>Arguments of each member; <c>{member}</c> is replaced by its number.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Arguments of the client.</summary>
    public IReadOnlyList<string> ClientArguments { get; init; } = [];
}
