using System.Buffers.Binary;
using Overlay.Dataplane.Interop;
using Overlay.Encap;
using static Overlay.Dataplane.Interop.BpfAssembler;

namespace Overlay.Dataplane.Steering;

/// <summary>
/// Chooses the socket for a tunnel datagram among those that are bound to one address and port: by a seeded hash of its source address and port, and by the rules of a
/// <see cref="LaneTable"/> if it comes to the lane. The sockets are numbered as they were bound: the workers' first, the lane's last.
/// </summary>
/// <remarks>
/// <para>Here a flow is a source address and port: what the sender gives to all frames of an inner flow. The kernel hands over datagrams of equal length that came one behind the
/// other as one, of however many inner flows they are, so nothing finer would be safe. An inner flow that shares its source port with a bulk flow has no lane here;
/// <c>listen.source_port_count</c> of the sender says how likely that is.</para>
/// <b>Threading:</b> control side.
/// </remarks>
internal sealed class SocketSteering : IDisposable
{
    private const int Shares = 2048;
    private const int BufferAt = -64;
    private static readonly FlowHashSeed Seed = FlowHashSeed.CreateRandom();

    private SocketSteering(LaneTable lane) => Lane = lane;

    /// <summary>What is known of the flows in the lane.</summary>
    internal LaneTable Lane { get; }

    /// <summary>Loads the program and gives it to the sockets that share an address and port. 0, or a negative errno.</summary>
    /// <param name="socket">Any of them; all are bound.</param>
    /// <param name="workers">Sockets before that of the lane.</param>
    /// <param name="steering">The steering; null if it was refused.</param>
    /// <param name="isInUse">Datagrams may have come to the sockets already.</param>
    internal static int TryAttach(UdpSocket socket, int workers, out SocketSteering? steering, bool isInUse = false)
    {
        steering = null;
        int result = LaneTable.TryCreate(Shares, out LaneTable? lane);
        if (lane is null)
            return result;
        if (isInUse)
            lane.NoteUnknown();
        steering = new SocketSteering(lane);
        result = steering.TryAttach(socket, workers);
        if (result >= 0)
            return 0;
        steering.Dispose();
        steering = null;
        return result;
    }

    /// <summary>Gives the program, with what is known of the flows, to sockets that take the place of the first. 0, or a negative errno.</summary>
    /// <inheritdoc cref="TryAttach(UdpSocket, int, out SocketSteering, bool)"/>
    internal int TryAttach(UdpSocket socket, int workers)
    {
        int result = Bpf.LoadSocketFilter(Build(Lane, socket.Family, workers));
        if (result < 0)
            return result;
        using var program = new FileDescriptor(result);
        return Math.Min(socket.AttachReusePort(program.Value), 0);
    }

    /// <summary>The hash that the program has for datagrams from a source.</summary>
    internal static uint HashOf(in UnderlayAddress source, ushort port)
    {
        ulong hash = Seed.First;
        if (source.IsIPv4)
        {
            hash = FlowProgram.Stir(hash ^ BinaryPrimitives.ReverseEndianness(source.IPv4Value), in Seed);
        }
        else
        {
            hash = FlowProgram.Stir(hash ^ BinaryPrimitives.ReverseEndianness(source.Hi), in Seed);
            hash = FlowProgram.Stir(hash ^ BinaryPrimitives.ReverseEndianness(source.Lo), in Seed);
        }

        return FlowProgram.Mix(hash ^ BinaryPrimitives.ReverseEndianness(port), in Seed);
    }

    /// <inheritdoc/>
    public void Dispose() => Lane.Dispose();

    internal static ulong[] Build(LaneTable table, AddressFamilyKind family, int workers)
    {
        var code = new BpfAssembler();
        int lane = code.NewLabel();
        int bulk = code.NewLabel();
        int isLong = code.NewLabel();
        int single = code.NewLabel();
        code.Do(Alu.Move, FlowProgram.Packet, 1);
        code.LoadConstant(FlowProgram.Hash, Seed.First);
        if (family == AddressFamilyKind.IPv4)
            EmitIPv4(code, bulk);
        else
            EmitIPv6(code, bulk);
        FlowProgram.EmitMix(code, in Seed);

        // Of datagrams that were joined the length of one counts.
        code.Load(Width.Word, 1, FlowProgram.Packet, SkbContext.Length);
        code.Load(Width.Word, 2, FlowProgram.Packet, SkbContext.SegmentLength);
        code.JumpIf(2, When.Equal, 0, single);
        code.Do(Alu.Move, 1, 2);
        code.Place(single);
        code.DoImmediate(Alu.Move, LaneProgram.IsShort, 0);
        code.JumpIf(1, When.GreaterOrEqual, LaneProgram.ShortDatagramLength, isLong);
        code.DoImmediate(Alu.Move, LaneProgram.IsShort, 1);
        code.Place(isLong);
        LaneProgram.Emit(code, table, lane, bulk);

        code.Place(lane);
        code.DoImmediate(Alu.Move, 0, workers);
        code.Exit();

        code.Place(bulk);
        code.Do(Alu.Move, 0, FlowProgram.Hash);
        code.DoImmediate(Alu.And, 0, 0xFFFF);
        code.DoImmediate(Alu.Multiply, 0, workers);
        code.DoImmediate(Alu.ShiftRight, 0, 16);
        code.Exit();
        return code.Assemble();
    }

    private static void EmitIPv4(BpfAssembler code, int otherwise)
    {
        LoadOuter(code, 20, otherwise);
        code.Load(Width.Word, 1, Frame, BufferAt + 12);
        FlowProgram.EmitStir(code, 1, in Seed);
        code.Load(Width.Octet, 2, Frame, BufferAt);
        code.DoImmediate(Alu.And, 2, 0x0F);
        code.DoImmediate(Alu.ShiftLeft, 2, 2);
        EmitPort(code, otherwise);
    }

    // An extension header would stand where the port is looked for: the same one for all datagrams of a flow, and so of no matter.
    private static void EmitIPv6(BpfAssembler code, int otherwise)
    {
        LoadOuter(code, 40, otherwise);
        for (int i = 0; i < 2; i++)
        {
            code.Load(Width.Double, 1, Frame, BufferAt + 8 + (8 * i));
            FlowProgram.EmitStir(code, 1, in Seed);
        }

        code.DoImmediate(Alu.Move, 2, 40);
        EmitPort(code, otherwise);
    }

    // Register 2 says where the UDP header begins. What it holds first is the source port.
    private static void EmitPort(BpfAssembler code, int otherwise)
    {
        LoadRelative(code, 2, otherwise);
        code.Load(Width.Half, 1, Frame, BufferAt);
        code.Do(Alu.Xor, FlowProgram.Hash, 1);
    }

    private static void LoadOuter(BpfAssembler code, int length, int otherwise)
    {
        code.DoImmediate(Alu.Move, 2, 0);
        LoadRelative(code, length, otherwise);
    }

    // The packet begins behind its UDP header here; this looks from the network header on.
    private static void LoadRelative(BpfAssembler code, int length, int otherwise)
    {
        code.Do(Alu.Move, 1, FlowProgram.Packet);
        code.Do(Alu.Move, 3, Frame);
        code.DoImmediate(Alu.Add, 3, BufferAt);
        code.DoImmediate(Alu.Move, 4, length);
        code.DoImmediate(Alu.Move, 5, SkbContext.FromNetworkHeader);
        code.Call(Bpf.SkbLoadBytesRelative);
        code.JumpIf(0, When.NotEqual, 0, otherwise);
    }
}
