using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Control.Queries;
using Overlay.Control.Tables;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;

namespace Overlay.Control.Tests.Support;

/// <summary>
/// The rules without their thread: a core, recording tables, a manual clock. VNI 100 with ports <c>p0</c> (index 0) and <c>p1</c> (index 1), and VNI 200
/// with none; both address families local. Every operation is followed by a flush, as the loop does.
/// </summary>
internal sealed class Bench
{
    public const uint V = 100;
    public const uint W = 200;

    public Bench(ControlOptions? options = null, Func<VniSpec, VniSpec>? vni = null, int portLimit = 4096, bool start = true, ILogger? log = null)
    {
        Core = new ControlCore(Writer, options ?? new ControlOptions(), Time, log ?? NullLogger.Instance);
        Static = Plane("static", RouteOrigin.Static);
        Evpn = Plane("evpn", RouteOrigin.Evpn);
        Ovsdb = Plane("ovsdb", RouteOrigin.Ovsdb);
        Etcd = Plane("etcd", RouteOrigin.Etcd);
        Topology = new TopologySpec
        {
            Ports = ImmutableSortedDictionary<string, PortSpec>.Empty
                .Add("p0", new PortSpec { Name = "p0", Device = "t0", MacLimit = portLimit })
                .Add("p1", new PortSpec { Name = "p1", Device = "t1", MacLimit = portLimit }),
            Vnis =
            [
                (vni ?? (static v => v))(new VniSpec { Vni = new Vni(V), Ports = ["p0", "p1"] }),
                new VniSpec { Vni = new Vni(W) },
            ],
        };
        if (start)
        {
            Writer.AddVni(V);
            Writer.AddVni(W);
            Core.SetLocalAddresses([Ip("192.0.2.1"), Ip("2001:db8::1")]);
            Apply(Topology);
        }
    }

    public RecordingWriter Writer { get; } = new();

    public ManualTime Time { get; } = new();

    public ControlCore Core { get; }

    public PlaneState Static { get; }

    public PlaneState Evpn { get; }

    public PlaneState Ovsdb { get; }

    public PlaneState Etcd { get; }

    public TopologySpec Topology { get; private set; }

    public static UnderlayAddress Ip(string text) => UnderlayAddress.Parse(text);

    public static MacAddress Mac(int n) => new(0x0200_0000_0000UL + (uint)n);

    public static NextHopRef To(string vtep) => NextHopRef.To(new VtepEndpoint(vtep));

    public static VtepDescription Vtep(string name, params string[] addresses) => new() { Vtep = new VtepEndpoint(name), Addresses = [.. addresses.Select(Ip)] };

    public PlaneState Plane(string name, RouteOrigin origin, TimeSpan? staleHold = null) => Core.AddPlane(name, origin, staleHold);

    public void Apply(TopologySpec topology)
    {
        Topology = topology;
        Core.SetTopology(topology, topology.Ports.Values.ToDictionary(static p => p.Name, static p => new PortId(p.Name[1] - '0'), StringComparer.Ordinal));
        Core.Flush();
    }

    public void ApplyVni(Func<VniSpec, VniSpec> change) => Apply(Topology with { Vnis = [change(Topology.Vnis[0]), .. Topology.Vnis.Skip(1)] });

    public void Describe(PlaneState plane, VtepDescription vtep, string? session = null)
    {
        Core.Describe(plane, session, vtep);
        Core.Flush();
    }

    /// <summary>Describes a VTEP and floods VNI 100 to it.</summary>
    public void Peer(PlaneState plane, string name, params string[] addresses)
    {
        Core.Describe(plane, null, Vtep(name, addresses));
        Flood(plane, name);
    }

    public void Flood(PlaneState plane, string name, uint vni = V, EncapKind? encap = null, string? session = null)
    {
        Core.Upsert(plane, session, new FloodRoute(new Vni(vni), To(name) with { Encap = encap }));
        Core.Flush();
    }

    public void Route(PlaneState plane, int mac, string vtep, uint sequence = 0, bool sticky = false, string? session = null, uint vni = V, TimeSpan? expiry = null)
    {
        Core.Upsert(plane, session, new MacRoute(new Vni(vni), Mac(mac), To(vtep), sequence, sticky, expiry));
        Core.Flush();
    }

    public void Withdraw(PlaneState plane, int mac, string? session = null, uint vni = V)
    {
        Core.WithdrawMac(plane, session, new Vni(vni), Mac(mac));
        Core.Flush();
    }

    public void Complete(PlaneState plane, ResyncScope scope)
    {
        Core.CompleteResync(plane, scope);
        Core.FinishWork();
        Core.Flush();
    }

    public void OnPort(int mac, int port, uint vni = V)
    {
        Core.Hint(new LearnHint { Vni = new Vni(vni), Mac = Mac(mac), Seen = FdbTarget.ToPort(new PortId(port)) });
        Core.Flush();
    }

    public MissCounters Misses => Core.MissCounters();

    /// <summary>A frame from port p0 to a MAC that the table does not have waits at a worker.</summary>
    public void Miss(int mac, uint vni = V)
    {
        Core.Hint(new LearnHint { Vni = new Vni(vni), Mac = Mac(mac), Seen = FdbTarget.ToPort(new PortId(0)), IsMiss = true });
        Core.Flush();
    }

    public bool IsNobody(int mac, uint vni = V) => Writer.Negative.Contains((vni, Mac(mac).Value));

    /// <summary>A frame from an outer source: the worker finds the next hop in the allow-list, or a prefix.</summary>
    public void FromVtep(int mac, string source, uint vni = V, EncapKind encap = EncapKind.Vxlan)
    {
        UnderlayAddress address = Ip(source);
        SourceAdmission[] admitted = [.. Writer.AllowList(vni).Where(a => a.Address == address)];
        if (admitted.Length == 1)
        {
            Core.Hint(new LearnHint { Vni = new Vni(vni), Mac = Mac(mac), Seen = FdbTarget.ToNextHop(admitted[0].NextHop) });
        }
        else if (Array.Exists(Writer.AllowPrefixes(vni), p => p.Contains(address)))
        {
            Core.Hint(new LearnHint { Vni = new Vni(vni), Mac = Mac(mac), Source = address, Encap = encap, SourceHasNoNextHop = true });
        }

        Core.Flush();
    }

    /// <summary>Moves the clock on, ticking as often as the loop would see a change.</summary>
    public void Pass(TimeSpan time, Action? each = null)
    {
        var step = TimeSpan.FromMilliseconds(500);
        for (TimeSpan passed = TimeSpan.Zero; passed < time; passed += step)
        {
            Time.Advance(step);
            each?.Invoke();
            Core.Tick();
            Core.Flush();
        }
    }

    /// <summary>Where a MAC goes: <c>p0</c>, a VTEP's name, a group in brackets, or a dash.</summary>
    public string Place(int mac, uint vni = V) => Writer.Row(vni, Mac(mac)) is not { } row ? "-"
        : row.Target.IsPort ? $"p{row.Target.Index}"
        : Writer.MembersOf(new NextHopId(row.Target.Index)) is { Length: > 0 } members ? $"[{string.Join(' ', members.Select(Writer.VtepOf))}]"
        : Writer.VtepOf(new NextHopId(row.Target.Index));

    public FdbOrigin Origin(int mac, uint vni = V) => Writer.Row(vni, Mac(mac))?.Origin ?? FdbOrigin.None;

    public FdbFlags Flags(int mac, uint vni = V) => Writer.Row(vni, Mac(mac))?.Flags ?? FdbFlags.None;

    public NextHopSpec Spec(int mac, uint vni = V) => Writer.SpecOf(new NextHopId(Writer.Row(vni, Mac(mac))!.Value.Target.Index));

    public string Floods(uint vni = V) => string.Join(' ', Writer.FloodList(vni).Select(Writer.VtepOf));

    public string Allows(uint vni = V) => string.Join(' ', Writer.AllowList(vni).Select(static a => a.Address));

    /// <summary>Everything the plane was told since it was asked last.</summary>
    public List<LocalEvent> Told(PlaneState plane)
    {
        Core.Tick();
        var told = new List<LocalEvent>();
        while (plane.Feed.Reader.TryRead(out LocalEvent fact))
        {
            told.Add(fact);
        }

        return told;
    }
}
