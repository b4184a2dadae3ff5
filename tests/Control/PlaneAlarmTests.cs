using Overlay.Control.Queries;
using Overlay.Control.Tables;
using Overlay.Control.Tests.Support;

namespace Overlay.Control.Tests;

/// <summary>Alarms that planes raise themselves: on until the plane says otherwise, and never more of them than a person can read.</summary>
public sealed class PlaneAlarmTests
{
    [Fact]
    public void An_alarm_of_a_plane_is_on_until_the_plane_ends_it()
    {
        var bench = new Bench();
        bench.Core.RaiseAlarm(bench.Etcd, Claimed("192.0.2.1", "written by node b"));
        bench.Pass(TimeSpan.FromMinutes(1));
        AlarmRow alarm = Assert.Single(bench.Core.Alarms());
        Assert.Equal(("vtep_claimed", "plane etcd, 192.0.2.1", 1L), (alarm.Name, alarm.Subject, alarm.Count));
        Assert.EndsWith("(written by node b)", alarm.Sentence, StringComparison.Ordinal);

        bench.Core.RaiseAlarm(bench.Etcd, Claimed("192.0.2.1", "written by node c"));
        alarm = Assert.Single(bench.Core.Alarms());
        Assert.Equal(2, alarm.Count);
        Assert.EndsWith("(written by node c)", alarm.Sentence, StringComparison.Ordinal);

        bench.Core.ClearAlarm(bench.Etcd, PlaneAlarmKind.VtepClaimed, "192.0.2.2");
        bench.Core.ClearAlarm(bench.Evpn, PlaneAlarmKind.VtepClaimed, "192.0.2.1");
        Assert.Single(bench.Core.Alarms());
        bench.Core.ClearAlarm(bench.Etcd, PlaneAlarmKind.VtepClaimed, "192.0.2.1");
        Assert.Empty(bench.Core.Alarms());
    }

    [Fact]
    public void Alarms_of_a_plane_end_with_its_run_and_others_stay()
    {
        var bench = new Bench();
        bench.Etcd.Started();
        bench.Core.RaiseAlarm(bench.Etcd, Claimed("192.0.2.1"));
        bench.Core.RaiseAlarm(bench.Evpn, Claimed("192.0.2.1"));
        bench.Core.PlaneEnded(bench.Etcd, "lost");
        bench.Pass(TimeSpan.FromSeconds(2));
        Assert.Equal("plane evpn, 192.0.2.1", Assert.Single(bench.Core.Alarms(), static a => a.Name == "vtep_claimed").Subject);
    }

    [Fact]
    public void A_plane_has_sixty_four_alarms_at_most_of_one_line_each()
    {
        var bench = new Bench();
        for (int i = 0; i < 1000; i++)
        {
            bench.Core.RaiseAlarm(bench.Etcd, Claimed($"{i}\n{new string('x', 1000)}", new string('\e', 1000)));
        }

        AlarmRow[] alarms = [.. bench.Core.Alarms()];
        Assert.Equal(64, alarms.Length);
        Assert.All(alarms, static a => Assert.True(a.Subject.Length < 200 && a.Sentence.Length < 600 && !a.Subject.Any(char.IsControl) && !a.Sentence.Any(char.IsControl)));
        bench.Core.ClearAlarm(bench.Etcd, PlaneAlarmKind.VtepClaimed, $"0\n{new string('x', 1000)}");
        bench.Core.RaiseAlarm(bench.Etcd, Claimed("room again"));
        Assert.Equal(64, bench.Core.Alarms().Length);
        Assert.Contains(bench.Core.Alarms(), static a => a.Subject == "plane etcd, room again");
    }

    [Fact]
    public void Every_kind_has_a_name_among_the_alarms()
    {
        foreach (PlaneAlarmKind kind in Enum.GetValues<PlaneAlarmKind>())
        {
            var bench = new Bench();
            bench.Core.RaiseAlarm(bench.Etcd, new PlaneAlarm(kind, "it"));
            Assert.Contains(Assert.Single(bench.Core.Alarms()).Name, AlarmCatalog.Names);
        }
    }

    private static PlaneAlarm Claimed(string subject, string? detail = null) => new(PlaneAlarmKind.VtepClaimed, subject, detail);
}
