using System.Net;
using System.Net.Sockets;

namespace Overlay.Control.Etcd.Tests.Support;

/// <summary>The way to a member of a cluster, which can be cut while the member and its clock go on.</summary>
internal sealed class Wire : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Uri _member;
    private readonly HashSet<TcpClient> _ends = [];
    private readonly Task _run;
    private bool _isCut;

    public Wire(Uri member)
    {
        _member = member;
        _listener.Start();
        Endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _run = Task.Run(AcceptAsync);
    }

    public Uri Endpoint { get; }

    /// <summary>Ends all connections, and each new one as it comes.</summary>
    public void Cut()
    {
        lock (_ends)
        {
            _isCut = true;
            foreach (TcpClient end in _ends)
            {
                end.Dispose();
            }

            _ends.Clear();
        }
    }

    public void Heal()
    {
        lock (_ends)
        {
            _isCut = false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Cut();
        _listener.Dispose();
        await _run;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            TcpClient near;
            try
            {
                near = await _listener.AcceptTcpClientAsync();
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                return;
            }

            var far = new TcpClient();
            lock (_ends)
            {
                if (_isCut)
                {
                    near.Dispose();
                    far.Dispose();
                    continue;
                }

                _ = _ends.Add(near);
                _ = _ends.Add(far);
            }

            _ = JoinAsync(near, far);
        }
    }

    private async Task JoinAsync(TcpClient near, TcpClient far)
    {
        try
        {
            await far.ConnectAsync(_member.Host, _member.Port);
            _ = await Task.WhenAny(near.GetStream().CopyToAsync(far.GetStream()), far.GetStream().CopyToAsync(near.GetStream()));
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
        }

        near.Dispose();
        far.Dispose();
    }
}
