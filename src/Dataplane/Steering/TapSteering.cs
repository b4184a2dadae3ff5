using Overlay.Dataplane.Interop;
using Overlay.Encap;
using static Overlay.Dataplane.Interop.BpfAssembler;

namespace Overlay.Dataplane.Steering;

/// <summary>
/// Chooses the queue of a frame that the kernel gives to a TAP: a hash of its flow, looked up in a <see cref="QueueMap"/> that the control side changes; or the lane, by the
/// rules of a <see cref="LaneTable"/>.
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
    /// <summary>Where the lane is among the kernel's numbers: behind the first queue, which is always there, and before those that come and go.</summary>
    internal const int LaneNumber = 1;

    private const int Shares = 1024;
    private static readonly FlowHashSeed Seed = FlowHashSeed.CreateRandom();
    private const int ShareSize = 8;
    private readonly SharedMap _map;

    private TapSteering(SharedMap map, LaneTable? lane)
    {
        _map = map;
        Lane = lane;
    }

    /// <summary>What is known of the flows in the lane; null if there is none.</summary>
    internal LaneTable? Lane { get; }

    /// <summary>Loads the program and gives it to a device; every frame goes to the first queue or the lane until <see cref="Assign"/>. 0, or a negative errno.</summary>
    /// <param name="descriptor">Any queue of the device; negative only tries whether the kernel takes the program.</param>
    /// <param name="withLane">Whether there is a lane.</param>
    /// <param name="steering">The steering; null if it was refused.</param>
    /// <param name="isInUse">Frames may have come to the first queue already.</param>
    internal static int TryAttach(int descriptor, bool withLane, out TapSteering? steering, bool isInUse = false)
    {
        steering = null;
        LaneTable? lane = null;
        int result = withLane ? LaneTable.TryCreate(Shares, out lane) : 0;
        if (result < 0)
            return result;
        if (isInUse)
            lane?.NoteUnknown();
        result = SharedMap.TryCreate(ShareSize, QueueMap.Size, out SharedMap? map);
        if (map is null)
        {
            lane?.Dispose();
            return result;
        }

        steering = new TapSteering(map, lane);
        result = Bpf.LoadSocketFilter(Build(map, lane));
        if (result >= 0)
        {
            // The device holds the program, and the program the maps.
            using var program = new FileDescriptor(result);
            result = descriptor < 0 ? 0 : TapDevice.SetSteering(descriptor, program.Value);
        }

        if (result >= 0)
            return 0;
        steering.Dispose();
        steering = null;
        return result;
    }

    /// <summary>The hash that the program has for a frame.</summary>
    internal static uint HashOf(ReadOnlySpan<byte> frame) => FlowProgram.Compute(frame, in Seed);

    /// <summary>Spreads the flows over the first queues of the device, from the next frame on.</summary>
    internal void Assign(int queues)
    {
        byte[] map = QueueMap.Build(queues);
        for (int share = 0; share < map.Length; share++)
            Volatile.Write(ref _map.Words[share * ShareSize / sizeof(uint)], (uint)(Lane is null || map[share] < LaneNumber ? map[share] : map[share] + 1));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _map.Dispose();
        Lane?.Dispose();
    }

    internal static ulong[] Build(SharedMap map, LaneTable? table)
    {
        var code = new BpfAssembler();
        int none = code.NewLabel();
        int lane = code.NewLabel();
        int bulk = code.NewLabel();
        code.Do(Alu.Move, FlowProgram.Packet, 1);
        FlowProgram.Emit(code, Seed);
        if (table is not null)
            EmitLane(code, table, lane, bulk);

        code.Place(bulk);
        code.DoImmediate(Alu.And, FlowProgram.Hash, QueueMap.Size - 1);
        LaneProgram.SetKeyFrom(code, FlowProgram.Hash);
        LaneProgram.Lookup(code, map.Descriptor, none);
        code.Load(Width.Word, 0, 0, 0);
        code.Place(none);
        code.Exit();
        if (table is null)
            return code.Assemble();

        code.Place(lane);
        code.DoImmediate(Alu.Move, 0, LaneNumber);
        code.Exit();
        return code.Assemble();
    }

    private static void EmitLane(BpfAssembler code, LaneTable table, int lane, int bulk)
    {
        int isLong = code.NewLabel();
        code.Load(Width.Word, 1, FlowProgram.Packet, SkbContext.Length);
        code.DoImmediate(Alu.Move, LaneProgram.IsShort, 0);
        code.JumpIf(1, When.GreaterOrEqual, LaneProgram.ShortLength, isLong);
        code.DoImmediate(Alu.Move, LaneProgram.IsShort, 1);
        code.Place(isLong);
        LaneProgram.Emit(code, table, lane, bulk);
    }
}
