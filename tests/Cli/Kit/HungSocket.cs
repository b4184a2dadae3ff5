using System.Net.Sockets;

namespace Overlay.Cli.Tests.Kit;

/// <summary>A Unix socket that takes connections and never answers.</summary>
internal sealed class HungSocket : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hung-");
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public HungSocket()
    {
        _socket.Bind(new UnixDomainSocketEndPoint(Path));
        _socket.Listen(8);
    }

    public string Path => System.IO.Path.Combine(_folder.FullName, "s");

    public void Dispose()
    {
        _socket.Dispose();
        _folder.Delete(recursive: true);
    }
}
