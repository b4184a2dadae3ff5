using Overlay.Encap;

namespace Overlay.Control.Evpn.Tests.Rib.Support;

/// <summary>The seam as it is documented: routes by session, marks and sweeps. It says what was done, in order.</summary>
internal sealed class SeamSink : IRouteSink
{
    private readonly Dictionary<(string Session, string Key), (string Value, int Generation)> _routes = [];
    private readonly Dictionary<string, int> _marks = [];
    private int _generation;

    /// <summary>What was done since it was cleared.</summary>
    public List<string> Done { get; } = [];

    public HashSet<string> Lost { get; } = [];

    public int Swept { get; private set; }

    public int Count => _routes.Count;

    /// <summary>What the control loop has under a key, by session: <c>session value</c>, in order.</summary>
    public string[] At(string key) => [.. _routes.Where(r => r.Key.Key == key).Select(static r => $"{r.Key.Session} {r.Value.Value}").Order(StringComparer.Ordinal)];

    /// <summary>Everything: <c>key session value</c>.</summary>
    public SortedSet<string> All() => new(_routes.Select(static r => $"{r.Key.Key} {r.Key.Session} {r.Value.Value}"), StringComparer.Ordinal);

    public static string MacKey(uint vni, MacAddress mac) => $"mac {vni} {mac}";

    public void BeginResync(ResyncScope scope)
    {
        _marks[scope.Session!] = ++_generation;
        Done.Add($"begin {scope.Session}");
    }

    public void CompleteResync(ResyncScope scope)
    {
        Done.Add($"complete {scope.Session}");
        if (_marks.Remove(scope.Session!, out int mark))
        {
            foreach ((string, string) key in _routes.Where(r => r.Key.Session == scope.Session && r.Value.Generation < mark).Select(static r => r.Key).ToArray())
            {
                Swept++;
                _ = _routes.Remove(key);
            }
        }
    }

    public void WithdrawAll(ResyncScope scope)
    {
        Done.Add($"all {scope.Session}");
        foreach ((string, string) key in _routes.Keys.Where(r => r.Session == scope.Session).ToArray())
        {
            _ = _routes.Remove(key);
        }
    }

    public void UpsertVtep(VtepDescription vtep, string? session = null)
    {
    }

    public void WithdrawVtep(VtepEndpoint vtep, string? session = null)
    {
    }

    public void UpsertGroup(int group, IReadOnlyList<NextHopRef> members)
    {
    }

    public void WithdrawGroup(int group)
    {
    }

    public void Upsert(in MacRoute route, string? session = null) =>
        Put(session!, MacKey(route.Vni.Value, route.Mac), $"{route.NextHop.Vtep} {route.NextHop.Encap} {route.Sequence}{(route.Sticky ? " sticky" : string.Empty)}");

    public void Upsert(in FloodRoute route, string? session = null) => Put(session!, $"flood {route.Vni} {route.NextHop.Vtep}", $"{route.NextHop.Encap}");

    public void Upsert(in NeighborRoute route, string? session = null) => Put(session!, $"ip {route.Vni} {route.Address}", $"{route.Mac}{(route.IsRouter ? " router" : string.Empty)}");

    public void WithdrawMac(Vni vni, MacAddress mac, string? session = null) => Drop(session!, MacKey(vni.Value, mac));

    public void WithdrawFlood(Vni vni, NextHopRef nextHop, string? session = null) => Drop(session!, $"flood {vni} {nextHop.Vtep}");

    public void WithdrawNeighbor(Vni vni, UnderlayAddress address, string? session = null) => Drop(session!, $"ip {vni} {address}");

    public void Answer(in MacRoute route) => throw new NotSupportedException();

    public void NoSuchMac(Vni vni, MacAddress mac, TimeSpan hold) => throw new NotSupportedException();

    public void ReportConnected(bool connected, string? session = null)
    {
        Done.Add($"{(connected ? "up" : "down")} {session}");
        _ = connected ? Lost.Remove(session!) : Lost.Add(session!);
    }

    private void Put(string session, string key, string value)
    {
        _routes[(session, key)] = (value, _generation);
        Done.Add($"+ {key} {session} {value}");
    }

    private void Drop(string session, string key)
    {
        // Taking back what is not there is a fault of the table.
        Assert.True(_routes.Remove((session, key)), $"{key} of {session} is not there");
        Done.Add($"- {key} {session}");
    }
}
