using System.Globalization;
using System.Text.Json.Nodes;
using Overlay.Interop.Restart;
using Overlay.TestKit.Net;

namespace Overlay.Interop.Etcd;

/// <summary>
/// Three overlayd that know nothing but an etcd cluster, hosts behind them that move, and a model of where each host is:
/// <code>
///   at--[a]--+
///   bt--[b]--+--sw--[e: three members]
///   ct--[c]--+
/// </code>
/// </summary>
internal sealed class EtcdLab : IDisposable
{
    public const int Vni = 100;
    private const string Port = "t0";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly NetLab _lab = new();
    private readonly Random _random = new(7);

    // MACs and the sites that they are at.
    private readonly SortedDictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly List<(string Name, SteadyFlow Flow)> _flows = [];
    private readonly PacketSocket?[] _voices = new PacketSocket?[3];

    /// <summary>The namespaces and the store; the daemons start with <see cref="Start"/>.</summary>
    public EtcdLab(EtcdPeerOptions? options = null, bool isIPv6 = false)
    {
        Requires.Tools("etcd", "etcdctl");
        IsIPv6 = isIPv6;
        var underlay = _lab.AddSwitch("sw");
        Sites = [new(_lab, "a", quietTenant: true), new(_lab, "b", quietTenant: true), new(_lab, "c", quietTenant: true)];
        StoreHost = _lab.AddHost("e");
        foreach (var (name, number) in Sites.Select((s, i) => (s.Host, i + 1)).Append((StoreHost, 9)))
        {
            _lab.Plug(underlay, name, "u0");
            NetLab.Address(name, "u0", $"{Address(number)}/{(isIPv6 ? 64 : 24)}");
        }

        Etcd = EtcdPeer.Start(_lab, StoreHost, Address(9), options);
    }

    public bool IsIPv6 { get; }

    public int[] Everywhere { get; } = [0, 1, 2];

    public string Folder => _lab.Folder;

    public Site[] Sites { get; }

    public string StoreHost { get; }

    public EtcdPeer Etcd { get; }

    public string Address(int number) => IsIPv6 ? string.Create(CultureInfo.InvariantCulture, $"2001:db8::{number}") : string.Create(CultureInfo.InvariantCulture, $"192.0.2.{number}");

    public string Mac(int site) => NetLab.MacOf(Sites[site].Tenant, Port);

    /// <summary>A configuration that names the store and nobody else.</summary>
    /// <param name="site">Of this site.</param>
    /// <param name="etcd">More keys of <c>control.etcd</c>.</param>
    /// <param name="vni">More keys of the VNI.</param>
    /// <param name="members">The members it is told of; null for all.</param>
    public string Yaml(int site, string etcd = "", string vni = "", string? members = null) => $$"""
        node: { name: {{Name(site)}}, local: ["{{Address(site + 1)}}"] }
        ports:
          {{Port}}: { tap: {{Port}}, netns: {{Sites[site].Tenant}} }
        vnis:
          - { id: {{Vni}}, ports: [{{Port}}]{{vni}} }
        control:
          etcd: { endpoints: {{members ?? Etcd.Endpoints}}, health_interval: 1s, request_timeout: 3s{{etcd}} }
        """;

    /// <summary>Starts the daemons and waits until each knows the others.</summary>
    /// <param name="etcd">More keys of <c>control.etcd</c>.</param>
    /// <param name="vni">More keys of the VNI.</param>
    /// <param name="isWhole">Each has all MACs; otherwise it is enough that they flood to each other.</param>
    public EtcdLab Start(string etcd = "", string vni = "", bool isWhole = true)
    {
        for (var i = 0; i < Sites.Length; i++) Start(i, etcd, vni);
        if (isWhole) Agree("they form a network");
        else Await(() => Sites.All(s => (int)s.Daemon.Api.Get("/v1/vnis")["vnis"]![0]!["flood_peers"]! == Sites.Length - 1), "they form a network");
        return this;
    }

    /// <summary>Starts one daemon.</summary>
    public void Start(int site, string etcd = "", string vni = "", string? members = null)
    {
        Sites[site].Start(Yaml(site, etcd, vni, members), $"10.0.0.{site + 1}/24");
        _places[Mac(site)] = site;
    }

    /// <summary>A name of a VTEP in the store.</summary>
    public static string Name(int site) => $"vtep-{"abc"[site]}";

    /// <summary>What a daemon says of the store.</summary>
    public JsonNode Status(int site) => Sites[site].Daemon.Api.Get("/v1/etcd/status");

    public string State(int site) => (string)Status(site)["state"]!;

    public long Counter(int site, string name) => (long?)Status(site)["counters"]![name] ?? 0;

    public long Faults(int site, string name) => Status(site)["faults"]!.AsArray().Where(f => (string?)f!["name"] == name).Sum(f => (long)f!["count"]!);

    /// <summary>A plane as <c>overlayctl status</c> has it.</summary>
    public JsonNode Plane(int site) => Sites[site].Daemon.Status()["planes"]!.AsArray().Single(p => (string?)p!["name"] == "etcd")!;

    /// <summary>Alarms as <c>overlayctl status</c> has them.</summary>
    public IReadOnlyList<string> Alarms(int site) => [.. Sites[site].Daemon.Status()["alarms"]!.AsArray().Select(a => (string)a!)];

    /// <summary>Waits until daemons are in a state.</summary>
    public void WaitForState(string state, params ReadOnlySpan<int> sites)
    {
        foreach (var site in sites) Wait.Until(() => State(site) == state, Patience, $"{Name(site)} is {state}", () => Status(site).ToJsonString() + Sites[site].Daemon.Log);
    }

    /// <summary>Waits for something.</summary>
    public void Await(Func<bool> condition, string what, Func<string>? detail = null) => Wait.Until(condition, Patience, what, () => $"{detail?.Invoke()}\n{Logs()}");

    /// <summary>Frames at a steady rate between the tenants of two sites, counted until the end.</summary>
    public void Flow(int from, int to, int rate) => _flows.Add(($"{"abc"[from]}-{"abc"[to]}", _lab.Own(new SteadyFlow(Sites[from].Tenant, Sites[to].Tenant, Mac(from), Mac(to), rate))));

    /// <summary>Some hosts speak, where they are or elsewhere.</summary>
    /// <param name="first">The first host's number.</param>
    /// <param name="count">How many.</param>
    /// <param name="sites">Where they may be from now on.</param>
    public void Move(int first, int count, params int[] sites)
    {
        for (var i = first; i < first + count; i++) Move(i, sites[_random.Next(sites.Length)]);
    }

    /// <summary>A host speaks at a site.</summary>
    public void Move(int host, int site)
    {
        var mac = string.Create(CultureInfo.InvariantCulture, $"02:aa:00:00:{host >> 8:x2}:{host & 0xff:x2}");
        _places[mac] = site;
        Speak(mac, site);
    }

    /// <summary>Every daemon that runs has every host where it is, and nothing else. Hosts go on speaking meanwhile, as hosts do.</summary>
    public void Agree(string when, bool maybeStale = false)
    {
        var spoke = Environment.TickCount64;
        var odd = "";
        Wait.Until(
            () =>
            {
                odd = Odd(maybeStale);
                if (odd.Length == 0) return true;
                if (Environment.TickCount64 - spoke > 1000)
                {
                    spoke = Environment.TickCount64;
                    foreach (var (mac, site) in _places.Where(p => p.Key.StartsWith("02:aa", StringComparison.Ordinal) && Sites[p.Value].Daemon.IsRunning)) Speak(mac, site);
                }

                return false;
            },
            Patience,
            when,
            () => $"{odd}\n{Logs()}");
    }

    /// <summary>How many keys the store has.</summary>
    public int Keys() => (int?)JsonNode.Parse(Etcd.Ctl("get", "--prefix", "--keys-only", "--limit=1", "-w", "json", "/overlay/").OrThrow().StdOut)!["count"] ?? 0;

    /// <summary>In what the daemons' tables differ from the model; empty if in nothing.</summary>
    public string Odd(bool maybeStale)
    {
        for (var i = 0; i < Sites.Length; i++)
        {
            if (Sites[i].Daemon.IsRunning && OddAt(i, maybeStale) is { Length: > 0 } odd) return odd;
        }

        return "";
    }

    public string OddAt(int site, bool maybeStale)
    {
        var entries = Sites[site].Daemon.Api.Get($"/v1/fdb?vni={Vni}")["entries"]!.AsArray();
        var found = entries.ToDictionary(e => (string)e!["mac"]!, e => (string?)e!["port"] ?? (string?)e["peer"] ?? "nowhere", StringComparer.Ordinal);
        foreach (var (mac, at) in _places)
        {
            var expected = at == site ? Port : Name(at);
            if (!found.Remove(mac, out var place)) place = "nobody";
            if (place != expected) return $"{Name(site)} has {mac} at {place}, expected {expected}";
        }

        if (found.Count > 0) return $"{Name(site)} has {found.First()}, and nobody is there";
        return !maybeStale && entries.FirstOrDefault(e => e!["flags"]!.AsArray().Any(f => (string?)f == "stale")) is { } stale ? $"{Name(site)} has {stale.ToJsonString()}" : "";
    }

    /// <summary>The FDB entry of a MAC, or null.</summary>
    public JsonNode? Entry(int site, string mac) =>
        Sites[site].Daemon.Api.Get($"/v1/fdb?vni={Vni}")["entries"]!.AsArray().FirstOrDefault(e => (string?)e!["mac"] == mac);

    /// <summary>A site whose daemon was started again has its tenant, and nobody else.</summary>
    public void Return(int site) => _places[Mac(site)] = site;

    /// <summary>What was at a site is no more.</summary>
    public void Forget(int site)
    {
        _voices[site]?.Dispose();
        _voices[site] = null;
        foreach (var mac in _places.Where(p => p.Value == site).Select(p => p.Key).ToArray()) _places.Remove(mac);
    }

    /// <summary>Frames of the flows that are lost so far. They go on, so what is under way has a moment to come.</summary>
    public int Lost()
    {
        var lost = 0;
        foreach (var (name, flow) in _flows)
        {
            var (sent, missing) = (flow.Sent, 0);
            Await(() => flow.Received >= sent || flow.Missing > 0, $"frames of {name} arrive");
            if (!Wait.TryUntil(() => (missing = flow.Missing) == 0, TimeSpan.FromSeconds(1))) lost += missing;
        }

        return lost;
    }

    /// <summary>Ends the flows: what was sent, lost, came twice, and the longest time in which nothing came.</summary>
    public IReadOnlyList<(string Name, int Sent, int Lost, int Twice, TimeSpan Gap, long Refused)> Finish() =>
        [.. _flows.Select(f =>
        {
            var (lost, twice, gap) = f.Flow.Finish(now: true);
            return (f.Name, f.Flow.Sent, lost, twice, gap, f.Flow.Refused);
        })];

    public string Logs() => string.Join('\n', Sites.Where(s => s.Daemon is not null).Select((s, i) => $"--- {Name(i)}\n{string.Join('\n', s.Daemon.Log.Split('\n').TakeLast(40))}"));

    public void Dispose()
    {
        foreach (var voice in _voices) voice?.Dispose();
        _lab.Dispose();
    }

    private void Speak(string mac, int site) =>
        (_voices[site] ??= new PacketSocket(Sites[site].Tenant, Port, receive: false)).Send(Wire.Ethernet("ff:ff:ff:ff:ff:ff", mac, 0x88b5, new byte[46]));
}
