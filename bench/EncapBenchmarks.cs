using BenchmarkDotNet.Attributes;
using Overlay.Encap;
using Overlay.Encap.Geneve;

namespace Overlay.Bench;

/// <summary>The bare header work a frame: writing from a template, and the judgement of what came. Target: at most 25 ns, 0 B.</summary>
[MemoryDiagnoser]
public class EncapBenchmarks
{
    private static readonly GeneveOptionRegistry Registry = GeneveOptionRegistry.Default;
    private readonly byte[] _buffer = new byte[512];
    private EncapTemplate _template = EncapTemplate.Vxlan();
    private byte[] _datagram = [];
    private TunnelJudgeOptions _options = TunnelJudgeOptions.Default;
    private uint _vni;

    public enum Header
    {
        Vxlan,
        Geneve0,
        Geneve1,
        Geneve3,
    }

    [Params(Header.Vxlan, Header.Geneve0, Header.Geneve1, Header.Geneve3)]
    public Header Kind { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        GeneveOption policy = GeneveOption.Policy(Registry, 17, critical: true);
        _template = Kind switch
        {
            Header.Vxlan => EncapTemplate.Vxlan(),
            Header.Geneve0 => EncapTemplate.Geneve(),
            Header.Geneve1 => EncapTemplate.Geneve([policy]),
            _ => EncapTemplate.Geneve([policy, GeneveOption.Telemetry(Registry, 1, 2), GeneveOption.Identity(Registry, 7, critical: false)]),
        };
        _datagram = new byte[_template.Length + 64];
        _template.WriteTo(_datagram, new Vni(100));
        _options = TunnelJudgeOptions.Default;
    }

    [Benchmark]
    public void Encapsulate() => _template.WriteTo(_buffer, Vni.FromHeaderWord(_vni++ << 8));

    [Benchmark]
    public ParseStatus Decapsulate() => TunnelJudge.Judge(_datagram, _template.Kind, in _options, out _);
}
