using System.Runtime.CompilerServices;
using System.Text;

namespace Overlay.Dataplane.Interop;

/// <summary>
/// bpf(2): maps, and programs that choose a queue or a socket for a packet. Needs CAP_BPF (or CAP_SYS_ADMIN) on most systems
/// (<c>kernel.unprivileged_bpf_disabled</c>). Descriptors or a negative errno.
/// </summary>
internal static unsafe class Bpf
{
    // Functions that a socket filter may call (enum bpf_func_id).
    internal const int MapLookup = 1;
    internal const int SkbLoadBytes = 26;
    internal const int SkbLoadBytesRelative = 68;
    internal const int KtimeGetCoarse = 160;

    private const int CommandMapCreate = 0;
    private const int CommandProgramLoad = 5;
    private const uint MapArray = 2;
    private const uint ProgramSocketFilter = 1;
    private const int LoadAttempts = 20;
    private const int AttributeSize = 144;
    private const int MapNameOffset = 28;
    private const int ProgramNameOffset = 48;
    private const int NameSize = 16;

    // What an operator sees of it in bpftool.
    private static ReadOnlySpan<byte> Name => "overlayd"u8;

    /// <summary>Makes an array of zeroed values.</summary>
    /// <param name="valueSize">Octets of a value.</param>
    /// <param name="count">Values.</param>
    /// <param name="flags">Map flags.</param>
    internal static int CreateArray(int valueSize, int count, uint flags = 0)
    {
        byte* attribute = stackalloc byte[AttributeSize];
        Clear(attribute);
        Unsafe.WriteUnaligned(attribute, MapArray);
        Unsafe.WriteUnaligned(attribute + 4, sizeof(uint));
        Unsafe.WriteUnaligned(attribute + 8, valueSize);
        Unsafe.WriteUnaligned(attribute + 12, count);
        Unsafe.WriteUnaligned(attribute + 16, flags);
        Name.CopyTo(new Span<byte>(attribute + MapNameOffset, NameSize));
        return Call(CommandMapCreate, attribute);
    }

    /// <summary>Loads a program that the kernel runs for a packet.</summary>
    /// <param name="code">Instructions (<see cref="BpfAssembler"/>).</param>
    /// <param name="log">Where the verifier says what it does not like; empty for no log.</param>
    internal static int LoadSocketFilter(ReadOnlySpan<ulong> code, Span<byte> log = default)
    {
        byte* attribute = stackalloc byte[AttributeSize];
        Clear(attribute);
        ReadOnlySpan<byte> license = "Apache-2.0\0"u8;
        fixed (ulong* first = code)
        fixed (byte* text = license)
        fixed (byte* buffer = log)
        {
            Unsafe.WriteUnaligned(attribute, ProgramSocketFilter);
            Unsafe.WriteUnaligned(attribute + 4, code.Length);
            Unsafe.WriteUnaligned(attribute + 8, (nint)first);
            Unsafe.WriteUnaligned(attribute + 16, (nint)text);
            Unsafe.WriteUnaligned(attribute + 24, log.Length == 0 ? 0 : 1);
            Unsafe.WriteUnaligned(attribute + 28, log.Length);
            Unsafe.WriteUnaligned(attribute + 32, (nint)buffer);
            Name.CopyTo(new Span<byte>(attribute + ProgramNameOffset, NameSize));

            // The verifier gives up for any signal that waits, and the runtime stops its threads by signals.
            int result;
            int attempts = 0;
            do
                result = Call(CommandProgramLoad, attribute);
            while (result == -Errno.Again && ++attempts < LoadAttempts);
            return result;
        }
    }

    /// <summary>A sentence fragment for a negative result.</summary>
    internal static string Describe(int negative) => negative == -Errno.Perm ? "operation not permitted (CAP_BPF is missing)" : Errno.Describe(negative);

    /// <summary>What a verifier's log says, without its end.</summary>
    internal static string Text(ReadOnlySpan<byte> log)
    {
        int end = log.IndexOf((byte)0);
        return Encoding.ASCII.GetString(end < 0 ? log : log[..end]).Trim();
    }

    private static void Clear(byte* attribute) => new Span<byte>(attribute, AttributeSize).Clear();

    private static int Call(int command, byte* attribute) => Libc.Result(Libc.SystemCall(SystemCalls.Bpf, command, (nint)attribute, AttributeSize));
}
