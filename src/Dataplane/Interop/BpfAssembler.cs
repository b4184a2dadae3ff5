namespace Overlay.Dataplane.Interop;

/// <summary>
/// Writes eBPF instructions (linux/bpf.h, RFC 9669): what a C compiler would have to be shipped for. A register is its number, 0–10; 10 is the frame pointer, 0 what a
/// call gives back; a call overwrites 1–5. Memory is little-endian, as the machines are that this runs on: an octet pair of a frame is read as it lies, and compared with
/// <see cref="NetworkOrder"/> of what is meant.
/// </summary>
internal sealed class BpfAssembler
{
    internal const int Frame = 10;
    private const int ClassImmediate64 = 0x18;
    private const int ClassLoad = 0x61;
    private const int ClassStore = 0x63;
    private const int ClassStoreImmediate = 0x62;
    private const int ClassAtomic = 0xC3;
    private const int ClassAlu = 0x07;
    private const int ClassJump = 0x05;
    private const int FromRegister = 0x08;
    private const int PseudoMap = 1;
    private const int AtomicAdd = 0;

    private readonly List<ulong> _code = [];
    private readonly List<(int Position, int Label)> _jumps = [];
    private readonly List<int> _labels = [];

    /// <summary>Octets of a memory access, as the instruction says it.</summary>
    internal enum Width
    {
        Word = 0x00,
        Half = 0x08,
        Octet = 0x10,
        Double = 0x18,
    }

    /// <summary>Arithmetic on 64 bits.</summary>
    internal enum Alu
    {
        Add = 0x00,
        Subtract = 0x10,
        Multiply = 0x20,
        Or = 0x40,
        And = 0x50,
        ShiftLeft = 0x60,
        ShiftRight = 0x70,
        Xor = 0xA0,
        Move = 0xB0,
        ShiftRightSigned = 0xC0,
    }

    /// <summary>Conditions; of unsigned numbers where they do not say otherwise.</summary>
    internal enum When
    {
        Always = 0x00,
        Equal = 0x10,
        Greater = 0x20,
        GreaterOrEqual = 0x30,
        NotEqual = 0x50,
        Less = 0xA0,
        LessOrEqual = 0xB0,
        SignedLessOrEqual = 0xD0,
    }

    /// <summary>Sixteen bits of a frame as a load gives them.</summary>
    internal static int NetworkOrder(int value) => ((value & 0xFF) << 8) | ((value >> 8) & 0xFF);

    /// <summary>A place to jump to; it is somewhere after <see cref="Place"/>.</summary>
    internal int NewLabel()
    {
        _labels.Add(-1);
        return _labels.Count - 1;
    }

    /// <summary>The label is here.</summary>
    internal void Place(int label) => _labels[label] = _code.Count;

    /// <summary>Arithmetic with a register.</summary>
    internal void Do(Alu operation, int to, int from) => Emit(ClassAlu | (int)operation | FromRegister, to, from, 0, 0);

    /// <summary>Arithmetic with a number, whose sign is extended.</summary>
    internal void DoImmediate(Alu operation, int to, int value) => Emit(ClassAlu | (int)operation, to, 0, 0, value);

    /// <summary>Loads 64 bits.</summary>
    internal void LoadConstant(int to, ulong value)
    {
        Emit(ClassImmediate64, to, 0, 0, (int)(uint)value);
        Emit(0, 0, 0, 0, (int)(uint)(value >> 32));
    }

    /// <summary>Loads the address of a map.</summary>
    internal void LoadMap(int to, int descriptor)
    {
        Emit(ClassImmediate64, to, PseudoMap, 0, descriptor);
        Emit(0, 0, 0, 0, 0);
    }

    /// <summary>Reads memory.</summary>
    internal void Load(Width width, int to, int address, int offset) => Emit(ClassLoad | (int)width, to, address, offset, 0);

    /// <summary>Writes memory.</summary>
    internal void Store(Width width, int address, int offset, int from) => Emit(ClassStore | (int)width, address, from, offset, 0);

    /// <summary>Writes a number into memory.</summary>
    internal void StoreImmediate(Width width, int address, int offset, int value) => Emit(ClassStoreImmediate | (int)width, address, 0, offset, value);

    /// <summary>Adds a register to memory in one step that no other processor comes between. Word or double.</summary>
    internal void AddAtomically(Width width, int address, int offset, int from) => Emit(ClassAtomic | (int)width, address, from, offset, AtomicAdd);

    /// <summary>Jumps.</summary>
    internal void Jump(int label) => Branch(ClassJump, 0, 0, 0, label);

    /// <summary>Jumps if a register compares so with a number, whose sign is extended.</summary>
    internal void JumpIf(int register, When condition, int value, int label) => Branch(ClassJump | (int)condition, register, 0, value, label);

    /// <summary>Jumps if a register compares so with another.</summary>
    internal void JumpIfRegister(int register, When condition, int other, int label) =>
        Branch(ClassJump | (int)condition | FromRegister, register, other, 0, label);

    /// <summary>Calls a function of the kernel.</summary>
    internal void Call(int function) => Emit(ClassJump | 0x80, 0, 0, 0, function);

    /// <summary>Ends the program; register 0 is what it gives.</summary>
    internal void Exit() => Emit(ClassJump | 0x90, 0, 0, 0, 0);

    /// <summary>The program.</summary>
    /// <exception cref="InvalidOperationException">A jump goes nowhere.</exception>
    internal ulong[] Assemble()
    {
        ulong[] code = [.. _code];
        foreach ((int position, int label) in _jumps)
        {
            if (_labels[label] < 0)
                throw new InvalidOperationException("A jump goes to a label that is nowhere.");
            code[position] |= (ulong)(ushort)(_labels[label] - position - 1) << 16;
        }

        return code;
    }

    private void Branch(int operation, int register, int other, int value, int label)
    {
        _jumps.Add((_code.Count, label));
        Emit(operation, register, other, 0, value);
    }

    // struct bpf_insn { u8 code; u8 dst_reg:4, src_reg:4; s16 off; s32 imm; }
    private void Emit(int operation, int to, int from, int offset, int value) =>
        _code.Add((byte)operation | ((ulong)(to | (from << 4)) << 8) | ((ulong)(ushort)offset << 16) | ((ulong)(uint)value << 32));
}
