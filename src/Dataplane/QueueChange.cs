using System.Collections.Immutable;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Interop;
using Overlay.Dataplane.Ports;
using Overlay.Dataplane.Workers;

namespace Overlay.Dataplane;

/// <summary>
/// Gives a TAP more queues or fewer while frames pass: none is lost, and none overtakes another of its flow.
/// <list type="number">
/// <item>all queues of the port are gathered at one worker;</item>
/// <item>that worker takes the queues that flows are about to leave before those they come to (<see cref="EncapWorker.BeginMove"/>);</item>
/// <item>the kernel is told to steer by the new number, and an RCU grace period is waited for: then no frame is on its way to a queue that its flow has left;</item>
/// <item>what waits in those queues is processed;</item>
/// <item>queues that are not needed any more are read and written to no longer, and closed; the others are spread over the workers again.</item>
/// </list>
/// </summary>
/// <remarks>
/// Where the kernel takes no steering program, it chooses queues itself and changes its mind when a queue is closed: then frames may be lost in that moment.
/// <b>Threading:</b> control side, one change at a time; not on the control thread, for it waits.
/// </remarks>
internal sealed class QueueChange(Port port, TapPort device, int wanted, ImmutableArray<EncapWorker> workers, Quiescence quiescence, TimeProvider time)
{
    private static readonly TimeSpan GracePoll = TimeSpan.FromMilliseconds(1);

    // Longer than any processor is kept from the end of a frame's way, where the kernel cannot be asked.
    private static readonly TimeSpan GraceInstead = TimeSpan.FromMilliseconds(100);

    /// <summary>The worker that reads a queue.</summary>
    internal static EncapWorker WorkerOf(ImmutableArray<EncapWorker> workers, IPortDevice device, int queue) => workers[(device.Index + queue) % workers.Length];

    /// <summary>Makes the change. Gives what went wrong; the port works whatever that is.</summary>
    internal async Task<ImmutableArray<string>> RunAsync()
    {
        int before = device.QueueCount;
        EncapWorker home = WorkerOf(workers, device, 0);
        for (int queue = 0; queue < before; queue++)
            await HandOverAsync(WorkerOf(workers, device, queue), home, queue);
        ImmutableArray<string> problems = [];
        if (wanted > before)
            problems = await WidenAsync(home, before);
        else
            await NarrowAsync(home, before);
        for (int queue = 0; queue < device.QueueCount; queue++)
            await HandOverAsync(home, WorkerOf(workers, device, queue), queue);
        return problems;
    }

    private async Task<ImmutableArray<string>> WidenAsync(EncapWorker home, int before)
    {
        for (int queue = before; queue < wanted; queue++)
            await home.Attach(port, queue);
        await home.BeginMove(device, Range(0, before), Range(before, wanted));
        ImmutableArray<string> problems = device.Queues.Widen();
        await WaitForKernelAsync();
        await home.EndMove(device);
        for (int queue = device.QueueCount; queue < wanted; queue++)
            await home.Detach(device, queue);
        device.Queues.Narrow();
        return problems;
    }

    private async Task NarrowAsync(EncapWorker home, int before)
    {
        await home.BeginMove(device, Range(wanted, before), Range(0, wanted));
        device.Queues.Steer(wanted);
        await WaitForKernelAsync();
        await home.EndMove(device);
        device.Queues.Withdraw(wanted);
        for (int queue = wanted; queue < before; queue++)
            await home.Detach(device, queue);

        // A worker may still be writing to a queue that was in the count when it began.
        long token = quiescence.Mark();
        while (!quiescence.HasPassed(token))
            await Task.Delay(GracePoll, time);
        device.Queues.Narrow();
    }

    private async Task HandOverAsync(EncapWorker from, EncapWorker to, int queue)
    {
        if (from == to)
            return;
        await from.Detach(device, queue);
        await to.Attach(port, queue);
    }

    private async Task WaitForKernelAsync()
    {
        if (await Task.Run(KernelGrace.Wait) < 0)
            await Task.Delay(GraceInstead, time);
    }

    private static int[] Range(int from, int to) => [.. Enumerable.Range(from, to - from)];
}
