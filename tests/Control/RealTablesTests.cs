using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Control.Queries;
using Overlay.Control.Tables;
using Overlay.Control.Tests.Support;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Ports;
using Overlay.Encap;
using Overlay.Forwarding;
using Overlay.Forwarding.Topology;
using static Overlay.Control.Tests.Support.Bench;

namespace Overlay.Control.Tests;

/// <summary>The rules on the real forwarding tables: whatever is said, the tables hold what the control loop shows, and nothing is left behind.</summary>
public sealed class RealTablesTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_tables_hold_what_the_control_loop_shows(int seed)
    {
        var random = new Random(seed);
        var time = new ManualTime();
        var tables = new ForwardingState();
        var core = new ControlCore(tables, new ControlOptions(), time, NullLogger.Instance);
        PlaneState file = core.AddPlane("static", RouteOrigin.Static, null);
        PlaneState evpn = core.AddPlane("evpn", RouteOrigin.Evpn, null);
        string[] names = ["b", "c", "d"];
        void Topology(params uint[] vnis)
        {
            var spec = new TopologySpec { Vnis = [.. vnis.Select(static v => new VniSpec { Vni = new Vni(v), Age = TimeSpan.FromSeconds(10), RemoteLearning = true })] };
            tables.ApplyTopology(spec, new Dictionary<string, Port>(), core.LocalAddresses);
            core.SetTopology(spec, new Dictionary<string, PortId>());
        }

        core.SetLocalAddresses([Ip("192.0.2.1"), Ip("2001:db8::1")]);
        Topology(V, W);
        core.Describe(file, null, Vtep("b", "192.0.2.2", "2001:db8::2"));
        core.Describe(file, null, Vtep("c", "192.0.2.3"));
        core.Describe(file, null, Vtep("d", "2001:db8::4"));
        core.UpsertGroup(evpn, 1, [To("b"), To("d")]);
        for (int step = 0; step < 4000; step++)
        {
            var vni = new Vni(random.Next(2) == 0 ? V : W);
            MacAddress mac = Mac(random.Next(1, 200));
            NextHopRef hop = random.Next(8) == 0 ? NextHopRef.ToGroup(1) : To(names[random.Next(3)]);
            PlaneState plane = random.Next(3) == 0 ? file : evpn;
            switch (random.Next(14))
            {
                case < 5:
                    core.Upsert(plane, null, new MacRoute(vni, mac, plane == file && hop.IsGroup ? To("b") : hop, Sticky: random.Next(9) == 0));
                    break;
                case < 7:
                    core.WithdrawMac(plane, null, vni, mac);
                    break;
                case 7:
                    core.Upsert(plane, null, new FloodRoute(vni, To(names[random.Next(3)])));
                    break;
                case 8:
                    core.WithdrawFlood(plane, null, vni, To(names[random.Next(3)]));
                    break;
                case 9:
                    core.SetLocalAddresses(random.Next(3) switch { 0 => [Ip("192.0.2.1")], 1 => [Ip("2001:db8::1")], _ => [Ip("192.0.2.1"), Ip("2001:db8::1")] });
                    break;
                case 10:
                    core.UpsertGroup(evpn, 1, random.Next(2) == 0 ? [To("b"), To("c")] : [To("d")]);
                    break;
                case 11 when random.Next(10) == 0:
                    Topology(random.Next(3) switch { 0 => [V], 1 => [W], _ => [V, W] });
                    break;
                case 12:
                    core.ReportConnected(evpn, null, random.Next(2) == 0);
                    break;
                default:
                    NextHop? known = tables.ListNextHops().FirstOrDefault(static n => !n.IsGroup);
                    if (known is not null)
                    {
                        core.Hint(new LearnHint { Vni = vni, Mac = mac, Seen = FdbTarget.ToNextHop(known.Id) });
                    }

                    time.Advance(TimeSpan.FromMilliseconds(700));
                    core.Tick();
                    break;
            }

            core.Flush();
            if (step % 20 == 0)
            {
                Compare(core, tables);
            }
        }

        Compare(core, tables);
        foreach (PlaneState plane in new[] { file, evpn })
        {
            plane.BeginResync(ResyncScope.Plane);
            core.CompleteResync(plane, ResyncScope.Plane, isMeant: true);
        }

        core.FinishWork();
        core.Flush();
        Assert.Empty(tables.ListNextHops());
        Assert.Empty(core.FdbShow(null, 0, 1000).Rows);
        Assert.Equal(0, tables.FdbCount);
        Assert.Equal(0, core.LearnCounters().InForce);
        Assert.Equal(0, core.RouteCount);
    }

    private static void Compare(ControlCore core, ForwardingState tables)
    {
        Dictionary<(Vni, MacAddress), FdbEntryRow> shown = core.FdbShow(null, 0, 100_000).Rows.ToDictionary(static r => (r.Vni, r.Mac));
        int held = 0;
        var rows = new FdbRow[64];
        foreach (uint vni in new[] { V, W })
        {
            int cursor = 0;
            do
            {
                int count = tables.ReadMacs(new Vni(vni), ref cursor, rows);
                foreach (FdbRow row in rows.AsSpan(0, count))
                {
                    held++;
                    FdbEntryRow entry = shown[(row.Vni, row.Mac)];
                    Assert.Equal((entry.Origin, entry.Flags), (row.Origin, row.Flags));
                    NextHop hop = tables.ListNextHops().Single(n => n.Id.Index == row.Target.Index);
                    Assert.Equal(entry.Peer, hop.IsGroup ? "group 1" : hop.Vtep.Name);
                    Assert.True(hop.IsGroup || (hop.Spec.Address == entry.Address && hop.Spec.Port == entry.UdpPort));
                }
            }
            while (cursor != 0);
        }

        Assert.Equal(shown.Count, held);
    }
}
