using System.Globalization;
using Overlay.Control.Evpn.Options;
using Overlay.Control.Evpn.Queries;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>What an operator sees.</summary>
internal sealed partial class BgpNeighbor
{
    private static readonly string[] StateNames = ["idle", "connect", "active", "open-sent", "open-confirm", "established"];
    private string _shownState = StateNames[0];
    private long _stateSince;
    private long _establishedCount;
    private string? _lastError;
    private long _lastErrorAt;
    private string? _loggedError;

    /// <summary>The row, without what the routes know.</summary>
    public EvpnNeighborRow ToRow()
    {
        lock (_gate)
        {
            BgpSessionFacts? facts = (_session ?? _incoming ?? _outgoing)?.Agreed;
            TimeProvider time = _context.Time;
            return new EvpnNeighborRow
            {
                Name = Name,
                Description = (_options as EvpnNeighborOptions)?.Description,
                IsDynamic = IsDynamic,
                State = IsShutdown ? "shutdown" : _shownState,
                Since = time.GetElapsedTime(_stateSince),
                As = facts?.PeerAs ?? _options.As,
                RouterId = facts is null ? null : RouterIdText(facts.PeerRouterId),
                LocalAddress = facts?.Local.ToString(),
                Capabilities = facts is null ? [] : OpenNegotiation.Names(facts),
                HoldTime = facts?.HoldTime ?? TimeSpan.Zero,
                Received = Received.ToDictionary(),
                Sent = Sent.ToDictionary(),
                Established = _establishedCount,
                LastError = _lastError,
                LastErrorAge = _lastError is null ? null : time.GetElapsedTime(_lastErrorAt),
            };
        }
    }

    private static string RouterIdText(uint id) =>
        string.Create(CultureInfo.InvariantCulture, $"{id >> 24}.{(id >> 16) & 255}.{(id >> 8) & 255}.{id & 255}");

    private void NoteState()
    {
        BgpState state = _session is not null ? BgpState.Established : _main.State;
        if (_incoming is { } incoming && incoming.Fsm.State > state)
            state = incoming.Fsm.State;
        if (ReferenceEquals(_shownState, StateNames[(int)state]))
            return;
        _shownState = StateNames[(int)state];
        _stateSince = _context.Time.GetTimestamp();
    }

    private void WentUp(BgpPeering peering)
    {
        BgpSessionFacts facts = peering.Facts;
        _establishedCount++;
        _loggedError = null;
        NoteState();
        EvpnLog.NeighborUp(_context.Log, Name, facts.PeerAs, RouterIdText(facts.PeerRouterId), (int)facts.HoldTime.TotalSeconds);
        _context.Post(new EvpnNeighborEvent(Name, facts.PeerAs, IsUp: true, string.Empty));
    }

    private void WentDown(BgpPeering peering, BgpClose close)
    {
        string reason = CloseText.Describe(close);
        _lastError = reason;
        _lastErrorAt = _context.Time.GetTimestamp();
        if (close.Kind is BgpCloseKind.Removed or BgpCloseKind.Stopping or BgpCloseKind.Replaced)
            EvpnLog.NeighborEnded(_context.Log, Name, reason);
        else
            EvpnLog.NeighborDown(_context.Log, Name, reason, close.RemovesRoutes ? "removed" : "kept and stale");
        _context.Post(new EvpnNeighborEvent(Name, peering.Facts.PeerAs, IsUp: false, reason));
    }

    /// <summary>An attempt failed. Logged once for each reason in turn: a neighbour that is away would fill the log otherwise.</summary>
    private void Failed(string reason)
    {
        _lastError = reason;
        _lastErrorAt = _context.Time.GetTimestamp();
        if (string.Equals(_loggedError, reason, StringComparison.Ordinal))
            return;
        _loggedError = reason;
        EvpnLog.AttemptFailed(_context.Log, Name, reason);
    }
}
