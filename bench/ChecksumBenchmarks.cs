using BenchmarkDotNet.Attributes;
using Overlay.Encap.Ip;

namespace Overlay.Bench;

/// <summary>The Internet checksum over payloads of usual lengths.</summary>
[MemoryDiagnoser]
public class ChecksumBenchmarks
{
    private byte[] _data = [];

    private ushort _checksum = 0x1234;
    private ushort _word = 0x4500;

    [Params(40, 64, 576, 1448, 65_000)]
    public int Length { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _data = new byte[Length];
        new Random(1).NextBytes(_data);
    }

    [Benchmark]
    public ushort Compute() => InternetChecksum.Compute(_data);

    [Benchmark]
    public ushort Update() => _checksum = InternetChecksum.Update16(_checksum, _word, ++_word);
}
