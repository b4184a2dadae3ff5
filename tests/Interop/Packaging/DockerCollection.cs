using Xunit;

namespace Overlay.Interop.Packaging;

/// <summary>The tests that share one dockerd.</summary>
[CollectionDefinition(Name)]
public sealed class DockerCollection : ICollectionFixture<DockerDaemon>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "docker";
}
