using Overlay.Api;
using Overlay.Host.Events;
using Xunit;

namespace Overlay.Host.Tests.Events;

public sealed class EventLogTests
{
    private readonly HandClock _time = new();
    private readonly EventLog _log;

    public EventLogTests() => _log = new EventLog(_time);

    private void Add(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _log.Add(EventNames.PortUp, $"p{i}", "up", ("device", $"t{i}"));
        }
    }

    private static long Number(EventInfo @event) => long.Parse(@event.Id.Split('-')[1], System.Globalization.CultureInfo.InvariantCulture);

    [Fact]
    public void A_client_gets_what_comes_after_it_and_no_history_unasked()
    {
        Add(3);
        using var client = _log.Subscribe(null, null)!;
        Assert.Empty(client.Backlog);
        Add(2);
        Assert.True(client.Events.TryRead(out var first));
        Assert.Equal((4, "port.up", "p0", "t0"), (Number(first!), first!.Event, first.Subject, first.Fields["device"]));
    }

    [Fact]
    public void Since_is_by_the_time_that_passed_and_not_by_the_wall_clock()
    {
        Add(2);
        _time.Passed += TimeSpan.FromMinutes(2);
        Add(1);
        _time.Wall = _time.Wall.AddDays(-3);
        using var client = _log.Subscribe(null, TimeSpan.FromMinutes(1))!;
        Assert.Equal([3L], client.Backlog.Select(Number));
    }

    [Fact]
    public void Resuming_gives_exactly_what_was_missed()
    {
        Add(10);
        using var client = _log.Subscribe($"{_log.Epoch}-7", null)!;
        Assert.Equal([8L, 9, 10], client.Backlog.Select(Number));
        using var atEnd = _log.Subscribe($"{_log.Epoch}-10", null)!;
        Assert.Empty(atEnd.Backlog);
    }

    [Theory]
    [InlineData("deadbeef-5")]
    [InlineData("5")]
    [InlineData("-")]
    [InlineData("deadbeef-99999999999999999999999")]
    public void An_id_of_another_life_is_told_by_a_reset_and_nothing_is_missed_in_silence(string id)
    {
        Add(3);
        using var client = _log.Subscribe(id, null)!;
        Assert.Equal(("reset", "restarted", ""), (client.Backlog[0].Event, client.Backlog[0].Fields["reason"], client.Backlog[0].Id));
        Assert.Equal([1L, 2, 3], client.Backlog.Skip(1).Select(Number));
    }

    [Fact]
    public void A_number_that_is_yet_to_come_is_of_another_life_too()
    {
        Add(3);
        using var client = _log.Subscribe($"{_log.Epoch}-4", null)!;
        Assert.Equal("reset", client.Backlog[0].Event);
    }

    [Fact]
    public void History_is_bounded_and_says_how_much_of_it_is_gone()
    {
        Add(EventLog.HistorySize + 100);
        using var client = _log.Subscribe($"{_log.Epoch}-40", null)!;
        Assert.Equal(("reset", "overrun", "60"), (client.Backlog[0].Event, client.Backlog[0].Fields["reason"], client.Backlog[0].Fields["lost"]));
        Assert.Equal(EventLog.HistorySize, client.Backlog.Count - 1);
        Assert.Equal(101, Number(client.Backlog[1]));
    }

    [Fact]
    public void A_slow_client_is_cut_off_with_the_count_of_what_it_missed_and_others_are_not()
    {
        using var slow = _log.Subscribe(null, null)!;
        Add(EventSubscription.QueueSize + 5);
        using var other = _log.Subscribe(null, null)!;
        Add(1);
        var got = 0;
        while (slow.Events.TryRead(out _))
        {
            got++;
        }

        Assert.Equal((EventSubscription.QueueSize, 6L, true), (got, slow.Lost, slow.Events.Completion.IsCompleted));
        Assert.True(other.Events.TryRead(out _));
        Assert.Equal("lost", _log.Lost(slow.Lost).Event);
    }

    [Fact]
    public void Only_so_many_may_listen_and_who_leaves_makes_room()
    {
        var clients = Enumerable.Range(0, EventLog.MaxClients).Select(_ => _log.Subscribe(null, null)!).ToList();
        Assert.Null(_log.Subscribe(null, null));
        clients[3].Dispose();
        clients.Add(_log.Subscribe(null, null)!);
        Assert.All(clients, Assert.NotNull);
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public void The_end_reaches_everybody()
    {
        using var client = _log.Subscribe(null, null)!;
        _log.Add(EventNames.Stopping, null, "the end");
        _log.Complete();
        Add(1);
        Assert.True(client.Events.TryRead(out var last));
        Assert.Equal("stopping", last!.Event);
        Assert.True(client.Events.Completion.IsCompleted);
        using var late = _log.Subscribe(null, null)!;
        Assert.True(late.Events.Completion.IsCompleted);
    }

    /// <summary>A clock that is set by hand, its wall time apart from the time that passes.</summary>
    private sealed class HandClock : TimeProvider
    {
        public TimeSpan Passed { get; set; }

        public DateTimeOffset Wall { get; set; } = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Passed.Ticks;

        public override DateTimeOffset GetUtcNow() => Wall;
    }
}
