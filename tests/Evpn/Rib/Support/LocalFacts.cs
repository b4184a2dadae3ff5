using Overlay.Control.Evpn.Options;
using Overlay.Encap;
using static Overlay.Control.Evpn.Tests.Rib.Support.RibBench;

namespace Overlay.Control.Evpn.Tests.Rib.Support;

/// <summary>Facts of our side, in VNI 100 unless another one is given.</summary>
internal static class LocalFacts
{
    /// <summary>A bench whose side has told everything: VNI 100, and no MAC.</summary>
    public static RibBench Started(EvpnOptions? options = null, bool isSynced = true)
    {
        var bench = new RibBench(options);
        Tell(bench, LocalEventKind.Resync);
        bench.Adverts.Tell(InBeing("192.0.2.1", "2001:db8::1"));
        bench.Adverts.Tell(new LocalEvent { Kind = LocalEventKind.VniAttached, Vni = new Vni(V) });
        if (isSynced)
        {
            Tell(bench, LocalEventKind.ResyncEnd);
        }

        return bench;
    }

    public static void Tell(RibBench bench, LocalEventKind kind) => bench.Adverts.Tell(new LocalEvent { Kind = kind });

    public static LocalEvent InBeing(params string[] addresses) => new() { Kind = LocalEventKind.LocalVtepChanged, LocalAddresses = [.. addresses.Select(Ip)] };

    public static LocalEvent Learned(int mac, uint sequence = 0) => new()
    {
        Kind = sequence == 0 ? LocalEventKind.MacLearned : LocalEventKind.MacMoved,
        Vni = new Vni(V),
        Mac = Mac(mac),
        Port = "p0",
        Sequence = sequence,
    };

    public static LocalEvent Aged(int mac) => new() { Kind = LocalEventKind.MacAged, Vni = new Vni(V), Mac = Mac(mac), Port = "p0" };

    public static LocalEvent Bound(int mac, string address) =>
        new() { Kind = LocalEventKind.NeighborLearned, Vni = new Vni(V), Mac = Mac(mac), Address = Ip(address), Port = "p0" };
}
