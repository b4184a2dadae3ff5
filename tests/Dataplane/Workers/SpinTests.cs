using Microsoft.Extensions.Logging.Abstractions;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Workers;
using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Dataplane.Tests.Workers;

public sealed class SpinTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Fact]
    public void A_worker_polls_for_as_long_as_it_was_told_after_each_event_and_then_blocks()
    {
        SteppedTime time = new();
        using IdleWorker worker = new(time, TimeSpan.FromMicroseconds(30));
        worker.Start();
        for (int i = 1; i <= 3; i++)
        {
            // Its clock stands still: it polls on.
            long looks = time.Looks;
            Wait.Until(() => time.Looks > looks + 1000, Limit, "polling");
            time.Advance(TimeSpan.FromMicroseconds(30));
            looks = Wait.Settled(() => time.Looks, TimeSpan.FromMilliseconds(100), Limit);

            // It blocks; one event wakes it.
            worker.Event.Set();
            Wait.Until(() => worker.Served == i, Limit, "the event");
            Wait.Until(() => time.Looks > looks, Limit, "polling again");
        }

        worker.End(Limit);
    }

    [Fact]
    public void A_worker_that_was_told_nothing_never_looks_at_the_clock()
    {
        SteppedTime time = new();
        using IdleWorker worker = new(time, TimeSpan.Zero);
        worker.Start();
        for (int i = 1; i <= 100; i++)
        {
            worker.Event.Set();
            Wait.Until(() => worker.Served == i, Limit, "the event");
        }

        Assert.Equal(0, time.Looks);
        worker.End(Limit);
    }

    private sealed class IdleWorker : WorkerLoop
    {
        private volatile int _served;

        internal IdleWorker(TimeProvider time, TimeSpan spin)
            : base("spinner", 0, new WorkerContext(new Quiescence().RegisterWorker(), new WorkerFaults(NullLogger.Instance), NullLogger.Instance, time, null, 1, spin), new WorkerCounters(0)) =>
            Assert.Equal(0, Epoll.Add(Event.Descriptor, LinuxConstants.EpollIn, 0));

        internal EventFd Event { get; } = new();

        internal int Served => _served;

        internal void End(TimeSpan limit)
        {
            RequestStop(TimeSpan.Zero);
            Assert.True(Join(limit));
            Event.Dispose();
        }

        protected override void Serve(ulong tag)
        {
            Event.Clear();
            _served++;
        }

        protected override void Drain()
        {
        }
    }

    private sealed class SteppedTime : TimeProvider
    {
        private long _ticks;
        private long _looks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        internal long Looks => Interlocked.Read(ref _looks);

        public override long GetTimestamp()
        {
            _ = Interlocked.Increment(ref _looks);
            return Interlocked.Read(ref _ticks);
        }

        internal void Advance(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);
    }
}
