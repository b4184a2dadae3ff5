using System.Buffers.Binary;
using Overlay.Dataplane.Interop;
using Overlay.Encap;
using Overlay.Encap.Ethernet;
using Overlay.Encap.Ip;
using static Overlay.Dataplane.Interop.BpfAssembler;

namespace Overlay.Dataplane.Steering;

/// <summary>
/// The part of a steering program that finds the flow of an Ethernet frame: a keyed hash of what <see cref="FlowHash"/> takes too. Addresses, protocol and ports of
/// unfragmented TCP, UDP and SCTP without IPv6 extension headers; addresses and protocol of other IP, so that all fragments of a datagram have one flow; MACs and
/// EtherType of the rest. Behind at most two tags in the frame; one that the kernel carries beside the frame does not count.
/// </summary>
internal static class FlowProgram
{
    /// <summary>Register with the packet, before and after.</summary>
    internal const int Packet = 6;

    /// <summary>Register with the 32 bits of the hash, after.</summary>
    internal const int Hash = 8;

    /// <summary>Octets of the stack below the frame pointer that the part overwrites.</summary>
    internal const int StackSize = 88;

    private const int Cursor = 7;
    private const int Type = 9;
    private const int EthernetLength = 14;
    private const int MaxTags = 2;

    // Places in the stack; the verifier wants every read aligned to its width.
    private const int Ethernet = -16;
    private const int EtherTypeAt = Ethernet + 12;
    private const int Word = -20;
    private const int V4 = -44;
    private const int V6 = -88;

    /// <summary>Writes the part.</summary>
    /// <param name="code">The program; <see cref="Packet"/> holds the packet's address.</param>
    /// <param name="seed">The key.</param>
    internal static void Emit(BpfAssembler code, in FlowHashSeed seed)
    {
        int macs = code.NewLabel();
        int v4 = code.NewLabel();
        int v6 = code.NewLabel();
        int ports = code.NewLabel();
        int mix = code.NewLabel();
        code.LoadConstant(Hash, seed.First);
        code.DoImmediate(Alu.Move, Cursor, 0);
        LoadBytes(code, Ethernet, EthernetLength, mix);
        code.Load(Width.Half, Type, Frame, EtherTypeAt);
        code.DoImmediate(Alu.Move, Cursor, EthernetLength);
        for (int i = 0; i < MaxTags; i++)
            PassTag(code, macs);
        code.JumpIf(Type, When.Equal, NetworkOrder(EtherType.IPv4), v4);
        code.JumpIf(Type, When.Equal, NetworkOrder(EtherType.IPv6), v6);

        code.Place(macs);
        code.Load(Width.Double, 1, Frame, Ethernet);
        EmitStir(code, 1, in seed);
        code.Load(Width.Word, 1, Frame, Ethernet + 8);
        code.Do(Alu.Xor, Hash, 1);
        code.DoImmediate(Alu.ShiftLeft, Type, 32);
        code.Do(Alu.Xor, Hash, Type);
        code.Jump(mix);

        code.Place(v4);
        LoadBytes(code, V4, 20, macs);
        code.Load(Width.Double, 1, Frame, V4 + 12);
        EmitStir(code, 1, in seed);
        code.Load(Width.Octet, 3, Frame, V4 + 9);
        code.Do(Alu.Xor, Hash, 3);
        code.Load(Width.Half, 4, Frame, V4 + 6);
        code.DoImmediate(Alu.And, 4, NetworkOrder(0x3FFF));
        code.JumpIf(4, When.NotEqual, 0, mix);
        code.Load(Width.Octet, 5, Frame, V4);
        code.DoImmediate(Alu.And, 5, 0x0F);
        code.DoImmediate(Alu.ShiftLeft, 5, 2);
        code.Do(Alu.Add, Cursor, 5);
        code.Jump(ports);

        code.Place(v6);
        LoadBytes(code, V6, 40, macs);
        for (int i = 0; i < 4; i++)
        {
            code.Load(Width.Double, 1, Frame, V6 + 8 + (8 * i));
            EmitStir(code, 1, in seed);
        }

        code.Load(Width.Octet, 3, Frame, V6 + 6);
        code.Do(Alu.Xor, Hash, 3);
        code.DoImmediate(Alu.Add, Cursor, 40);

        code.Place(ports);
        int withPorts = code.NewLabel();
        code.JumpIf(3, When.Equal, IpProtocol.Tcp, withPorts);
        code.JumpIf(3, When.Equal, IpProtocol.Udp, withPorts);
        code.JumpIf(3, When.NotEqual, IpProtocol.Sctp, mix);
        code.Place(withPorts);
        LoadBytes(code, Word, 4, mix);
        code.Load(Width.Word, 1, Frame, Word);
        code.DoImmediate(Alu.ShiftLeft, 1, 32);
        code.Do(Alu.Xor, Hash, 1);

        code.Place(mix);
        EmitMix(code, in seed);
    }

    /// <summary>What the part computes for a frame, once its packet has become one: a tag that the kernel carried beside it is in it now, and is passed over.</summary>
    internal static uint Compute(ReadOnlySpan<byte> frame, in FlowHashSeed seed)
    {
        ulong hash = seed.First;
        if (frame.Length < EthernetLength)
            return Mix(hash, in seed);
        ushort type = BinaryPrimitives.ReadUInt16LittleEndian(frame[12..]);
        int cursor = EthernetLength;
        for (int i = 0; i < MaxTags && (type == NetworkOrder(EtherType.Vlan) || type == NetworkOrder(EtherType.ServiceVlan)); i++)
        {
            if (frame.Length < cursor + 4)
                return Mix(WithMacs(hash, frame, type, in seed), in seed);
            type = BinaryPrimitives.ReadUInt16LittleEndian(frame[(cursor + 2)..]);
            cursor += 4;
        }

        ReadOnlySpan<byte> packet = frame[cursor..];
        byte protocol;
        if (type == NetworkOrder(EtherType.IPv4) && packet.Length >= 20)
        {
            hash = Stir(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(packet[12..]), in seed);
            protocol = packet[9];
            hash ^= protocol;
            if ((BinaryPrimitives.ReadUInt16LittleEndian(packet[6..]) & NetworkOrder(0x3FFF)) != 0)
                return Mix(hash, in seed);
            packet = packet[Math.Min((packet[0] & 0x0F) * 4, packet.Length)..];
        }
        else if (type == NetworkOrder(EtherType.IPv6) && packet.Length >= 40)
        {
            for (int i = 0; i < 4; i++)
                hash = Stir(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(packet[(8 + (8 * i))..]), in seed);
            protocol = packet[6];
            hash ^= protocol;
            packet = packet[40..];
        }
        else
        {
            return Mix(WithMacs(hash, frame, type, in seed), in seed);
        }

        if (protocol is IpProtocol.Tcp or IpProtocol.Udp or IpProtocol.Sctp && packet.Length >= 4)
            hash ^= (ulong)BinaryPrimitives.ReadUInt32LittleEndian(packet) << 32;
        return Mix(hash, in seed);
    }

    /// <summary>Writes what makes 32 well-mixed bits of a hash: two rounds, for one multiplication alone moves no bit downwards.</summary>
    internal static void EmitMix(BpfAssembler code, in FlowHashSeed seed)
    {
        for (int i = 0; i < 2; i++)
        {
            code.LoadConstant(2, seed.Second | 1);
            code.Do(Alu.Multiply, Hash, 2);
            code.Do(Alu.Move, 1, Hash);
            code.DoImmediate(Alu.ShiftRight, 1, 32);
            code.Do(Alu.Xor, Hash, 1);
        }

        code.DoImmediate(Alu.ShiftLeft, Hash, 32);
        code.DoImmediate(Alu.ShiftRight, Hash, 32);
    }

    /// <summary>What <see cref="EmitMix"/> computes.</summary>
    internal static uint Mix(ulong hash, in FlowHashSeed seed)
    {
        for (int i = 0; i < 2; i++)
        {
            hash *= seed.Second | 1;
            hash ^= hash >> 32;
        }

        return (uint)hash;
    }

    /// <summary>Writes what takes a register into the hash. An odd factor loses nothing.</summary>
    internal static void EmitStir(BpfAssembler code, int register, in FlowHashSeed seed)
    {
        code.Do(Alu.Xor, Hash, register);
        code.LoadConstant(2, seed.Second | 1);
        code.Do(Alu.Multiply, Hash, 2);
    }

    /// <summary>What <see cref="EmitStir"/> computes, of the hash with the register in it.</summary>
    internal static ulong Stir(ulong hash, in FlowHashSeed seed) => hash * (seed.Second | 1);

    private static ulong WithMacs(ulong hash, ReadOnlySpan<byte> frame, ushort type, in FlowHashSeed seed) =>
        Stir(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(frame), in seed) ^ BinaryPrimitives.ReadUInt32LittleEndian(frame[8..]) ^ ((ulong)type << 32);

    private static void PassTag(BpfAssembler code, int truncated)
    {
        int tag = code.NewLabel();
        int none = code.NewLabel();
        code.JumpIf(Type, When.Equal, NetworkOrder(EtherType.Vlan), tag);
        code.JumpIf(Type, When.NotEqual, NetworkOrder(EtherType.ServiceVlan), none);
        code.Place(tag);
        code.DoImmediate(Alu.Add, Cursor, 2);
        LoadBytes(code, Word, 2, truncated);
        code.Load(Width.Half, Type, Frame, Word);
        code.DoImmediate(Alu.Add, Cursor, 2);
        code.Place(none);
    }

    // Octets of the packet from the cursor on, into the stack.
    private static void LoadBytes(BpfAssembler code, int to, int length, int otherwise)
    {
        code.Do(Alu.Move, 1, Packet);
        code.Do(Alu.Move, 2, Cursor);
        code.Do(Alu.Move, 3, Frame);
        code.DoImmediate(Alu.Add, 3, to);
        code.DoImmediate(Alu.Move, 4, length);
        code.Call(Bpf.SkbLoadBytes);
        code.JumpIf(0, When.NotEqual, 0, otherwise);
    }
}
