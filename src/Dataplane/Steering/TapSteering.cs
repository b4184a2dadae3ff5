using Overlay.Dataplane.Interop;
using Overlay.Encap;
using static Overlay.Dataplane.Interop.BpfAssembler;

namespace Overlay.Dataplane.Steering;

/// <summary>
/// Chooses the queue of a frame that the kernel gives to a TAP: a hash of its flow, looked up in a <see cref="QueueMap"/> that the control side changes.
/// </summary>
/// <remarks>
/// <para><b>Why a program.</b> Left alone, tun chooses by a hash of its own until a frame of the flow's other direction is written, and from then on the queue which that was
/// written to: a flow changes its queue in the middle, once at least, and may overtake itself. With a program tun learns nothing. A flow's queue is a function of its headers and
/// of the number of queues, whichever queue the other direction is written to, by whichever worker; writing is cheaper too, for nothing is hashed there. And the queues in use
/// can be changed before a descriptor is opened or closed: closing one that the kernel may still choose loses what waits in it.</para>
/// <para>The hash is seeded, so that nobody outside can aim all flows at one queue. It need not be the same in both directions.</para>
/// <b>Threading:</b> control side.
/// </remarks>
internal sealed class TapSteering : IDisposable
{
    private static readonly FlowHashSeed Seed = FlowHashSeed.CreateRandom();
    private readonly FileDescriptor _map;

    private TapSteering(FileDescriptor map) => _map = map;

    /// <summary>Loads the program and gives it to a device; every frame goes to the first queue until <see cref="Assign"/>. 0, or a negative errno.</summary>
    /// <param name="descriptor">Any queue of the device.</param>
    /// <param name="steering">The steering; null if it was refused.</param>
    internal static int TryAttach(int descriptor, out TapSteering? steering)
    {
        steering = null;
        int result = Bpf.CreateArray(QueueMap.Size, 1);
        if (result < 0)
            return result;
        var map = new FileDescriptor(result);
        result = Bpf.LoadSocketFilter(Build(map.Value));
        if (result >= 0)
        {
            // The device holds the program, and the program the map.
            using var program = new FileDescriptor(result);
            result = TapDevice.SetSteering(descriptor, program.Value);
        }

        if (result >= 0)
            steering = new TapSteering(map);
        else
            map.Dispose();
        return Math.Min(result, 0);
    }

    /// <summary>Spreads the flows over the first queues of the device. 0, or a negative errno.</summary>
    internal int Assign(int queues) => Bpf.Update(_map.Value, 0, QueueMap.Build(queues));

    /// <inheritdoc/>
    public void Dispose() => _map.Dispose();

    internal static ulong[] Build(int map)
    {
        const int Key = -4;
        var code = new BpfAssembler();
        int none = code.NewLabel();
        code.Do(Alu.Move, FlowProgram.Packet, 1);
        FlowProgram.Emit(code, Seed);
        code.StoreImmediate(Width.Word, Frame, Key, 0);
        code.LoadMap(1, map);
        code.Do(Alu.Move, 2, Frame);
        code.DoImmediate(Alu.Add, 2, Key);
        code.Call(Bpf.MapLookup);
        code.JumpIf(0, When.Equal, 0, none);
        code.DoImmediate(Alu.And, FlowProgram.Hash, QueueMap.Size - 1);
        code.Do(Alu.Add, 0, FlowProgram.Hash);
        code.Load(Width.Octet, 0, 0, 0);
        code.Place(none);
        code.Exit();
        return code.Assemble();
    }
}
