using Overlay.Encap;

namespace Overlay.Control.Evpn.Rib;

/// <summary>Where routes go before the plane runs: nowhere, and there are none.</summary>
internal sealed class NoSink : IRouteSink
{
    public static NoSink Instance { get; } = new();

    public void BeginResync(ResyncScope scope)
    {
    }

    public void CompleteResync(ResyncScope scope)
    {
    }

    public void WithdrawAll(ResyncScope scope)
    {
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

    public void Upsert(in MacRoute route, string? session = null)
    {
    }

    public void Upsert(in FloodRoute route, string? session = null)
    {
    }

    public void Upsert(in NeighborRoute route, string? session = null)
    {
    }

    public void WithdrawMac(Vni vni, MacAddress mac, string? session = null)
    {
    }

    public void WithdrawFlood(Vni vni, NextHopRef nextHop, string? session = null)
    {
    }

    public void WithdrawNeighbor(Vni vni, UnderlayAddress address, string? session = null)
    {
    }

    public void Answer(in MacRoute route)
    {
    }

    public void NoSuchMac(Vni vni, MacAddress mac, TimeSpan hold)
    {
    }

    public void ReportConnected(bool connected, string? session = null)
    {
    }
}
