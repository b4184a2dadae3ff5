using System.Runtime.InteropServices;

namespace Overlay.Dataplane.Interop;

/// <summary>An array map whose values this process sees as memory: what a program in the kernel writes is here at once, and the other way round. Linux 5.5 or later.</summary>
internal sealed unsafe class SharedMap : IDisposable
{
    private const uint FlagMappable = 0x400;
    private const int ProtectRead = 1;
    private const int ProtectWrite = 2;
    private const int MapShared = 1;
    private const int PageSize = 4096;
    private static readonly byte* Failed = (byte*)-1;
    private readonly FileDescriptor _descriptor;
    private readonly int _words;
    private byte* _memory;

    private SharedMap(FileDescriptor descriptor, byte* memory, int octets)
    {
        _descriptor = descriptor;
        _memory = memory;
        _words = octets / sizeof(uint);
    }

    /// <summary>The map's descriptor.</summary>
    internal int Descriptor => _descriptor.Value;

    /// <summary>The values, one behind the other. Not after <see cref="Dispose"/>.</summary>
    internal Span<uint> Words => _memory is null ? [] : new Span<uint>(_memory, _words);

    /// <summary>Makes a map of zeros. 0, or a negative errno.</summary>
    /// <param name="valueSize">Octets of a value, a multiple of 8.</param>
    /// <param name="count">Values.</param>
    /// <param name="map">The map; null if it was refused.</param>
    internal static int TryCreate(int valueSize, int count, out SharedMap? map)
    {
        map = null;
        int result = Bpf.CreateArray(valueSize, count, FlagMappable);
        if (result < 0)
            return result;
        var descriptor = new FileDescriptor(result);
        int octets = valueSize * count;
        byte* memory = (byte*)Libc.MMap(null, Rounded(octets), ProtectRead | ProtectWrite, MapShared, descriptor.Value, 0);
        if (memory == Failed)
        {
            result = -Marshal.GetLastSystemError();
            descriptor.Dispose();
            return result;
        }

        map = new SharedMap(descriptor, memory, octets);
        return 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_memory is null)
            return;
        _ = Libc.MUnmap(_memory, Rounded(_words * sizeof(uint)));
        _memory = null;
        _descriptor.Dispose();
    }

    private static nuint Rounded(int octets) => (nuint)((octets + PageSize - 1) & -PageSize);
}
