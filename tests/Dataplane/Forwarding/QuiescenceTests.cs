using Overlay.Dataplane.Forwarding;
using Xunit;

namespace Overlay.Dataplane.Tests.Forwarding;

public sealed class QuiescenceTests
{
    [Fact]
    public void A_moment_has_passed_when_nobody_is_inside()
    {
        Quiescence quiescence = new();
        _ = quiescence.RegisterWorker();
        Assert.True(quiescence.HasPassed(quiescence.Mark()));
    }

    [Fact]
    public void A_moment_passes_only_when_the_batch_it_fell_into_ends()
    {
        Quiescence quiescence = new();
        WorkerEpoch inside = quiescence.RegisterWorker();
        WorkerEpoch other = quiescence.RegisterWorker();
        inside.Enter();
        other.Enter();
        long token = quiescence.Mark();
        Assert.False(quiescence.HasPassed(token));
        other.Exit();
        Assert.False(quiescence.HasPassed(token));
        inside.Exit();
        Assert.True(quiescence.HasPassed(token));
    }

    [Fact]
    public void A_batch_that_begins_later_does_not_hold_a_moment_up()
    {
        Quiescence quiescence = new();
        WorkerEpoch worker = quiescence.RegisterWorker();
        long token = quiescence.Mark();
        worker.Enter();
        Assert.True(quiescence.HasPassed(token));
        Assert.False(quiescence.HasPassed(quiescence.Mark()));
    }

    [Fact]
    public void An_index_is_reused_only_after_a_batch_boundary()
    {
        Quiescence quiescence = new();
        WorkerEpoch worker = quiescence.RegisterWorker();
        IndexAllocator indexes = new(new IndexGrace(quiescence));
        Assert.Equal(0, indexes.Allocate());
        worker.Enter();
        indexes.Return(0);
        Assert.Equal(1, indexes.Allocate());
        worker.Exit();
        Assert.Equal(0, indexes.Allocate());
        Assert.Equal(2, indexes.Allocate());
        Assert.Equal(3, indexes.HighWater);
    }
}
