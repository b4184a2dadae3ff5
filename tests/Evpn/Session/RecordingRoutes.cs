using System.Buffers;
using System.Collections.Concurrent;
using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Tests.Session;

/// <summary>Notes every call, and lets a test answer.</summary>
internal sealed class RecordingRoutes : IBgpRoutes
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IBgpSession, int> _inside = [];

    public ConcurrentQueue<string> Calls { get; } = new();

    public ConcurrentDictionary<string, IBgpSession> Sessions { get; } = new();

    public ConcurrentQueue<BgpClose> Closes { get; } = new();

    public ConcurrentQueue<byte[]> Updates { get; } = new();

    public ConcurrentQueue<RouteRefreshKind> Refreshes { get; } = new();

    public List<string> Mistakes { get; } = [];

    /// <summary>Answers an UPDATE; null accepts.</summary>
    public Func<IBgpSession, byte[], BgpError?>? OnUpdate { get; set; }

    /// <summary>Writes; false if nothing is left.</summary>
    public Func<IBgpSession, IBufferWriter<byte>, bool>? OnFill { get; set; }

    public void Opened(IBgpSession session)
    {
        Enter(session, isFirst: true);
        Calls.Enqueue($"opened {session.Name}");
        Sessions[session.Name] = session;
        Leave(session);
    }

    public BgpError? Received(IBgpSession session, ReadOnlySpan<byte> body)
    {
        Enter(session);
        byte[] copy = body.ToArray();
        Updates.Enqueue(copy);
        BgpError? answer = OnUpdate?.Invoke(session, copy);
        Leave(session);
        return answer;
    }

    public void Refresh(IBgpSession session, RouteRefreshKind kind)
    {
        Enter(session);
        Refreshes.Enqueue(kind);
        Leave(session);
    }

    public bool Fill(IBgpSession session, IBufferWriter<byte> output)
    {
        lock (_gate)
        {
            if (!_inside.ContainsKey(session))
                Mistakes.Add("Fill of a session that is not open");
        }

        return OnFill?.Invoke(session, output) ?? false;
    }

    public void Closed(IBgpSession session, BgpClose close)
    {
        Enter(session);
        Calls.Enqueue($"closed {session.Name} {close.Kind}");
        Closes.Enqueue(close);
        Sessions.TryRemove(new KeyValuePair<string, IBgpSession>(session.Name, session));
        lock (_gate)
        {
            _ = _inside.Remove(session);
        }
    }

    private void Enter(IBgpSession session, bool isFirst = false)
    {
        lock (_gate)
        {
            if (isFirst)
            {
                if (_inside.Keys.Any(s => s.Name == session.Name))
                    Mistakes.Add("Opened before the session before was Closed");
                _inside[session] = 0;
            }

            if (!_inside.TryGetValue(session, out int inside))
                Mistakes.Add("a call for a session that is not open");
            else if (inside != 0)
                Mistakes.Add("two calls of one session at a time");
            else
                _inside[session] = 1;
        }
    }

    private void Leave(IBgpSession session)
    {
        lock (_gate)
        {
            _inside[session] = 0;
        }
    }
}
