using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Overlay.Control.Etcd.Client;
using Overlay.Control.Etcd.Options;
using Overlay.TestKit.Net;

namespace Overlay.Control.Etcd.Tests.Support;

/// <summary>Real etcd, one member or three, on ports of the loopback, each a process that is ended by its pid.</summary>
internal sealed class EtcdCluster : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("overlay-etcd-").FullName;
    private readonly int[] _clientPorts;
    private readonly int[] _peerPorts;
    private readonly Process?[] _processes;
    private readonly string[] _extra;
    private readonly string _scheme;
    private int _generation;

    private EtcdCluster(int members, string scheme, string[] extra)
    {
        _scheme = scheme;
        _extra = extra;
        int[] ports = FreePorts(members * 2);
        _clientPorts = ports[..members];
        _peerPorts = ports[members..];
        _processes = new Process?[members];
        Client = new EtcdClient(new EtcdOptions { Endpoints = Endpoints, Node = "test", RequestTimeout = TimeSpan.FromSeconds(10) }, TimeProvider.System, new Random(1));
    }

    public System.Collections.Immutable.ImmutableArray<Uri> Endpoints => [.. _clientPorts.Select(p => new Uri($"{_scheme}://127.0.0.1:{p}"))];

    public string Folder => _folder;

    /// <summary>Reads and writes past any plane.</summary>
    public EtcdClient Client { get; }

    public static async Task<EtcdCluster> StartAsync(int members, string scheme = "http", params string[] extra)
    {
        if (Requires.Find("etcd") is null) throw new SkipTestException("needs etcd, which is not installed");
        var cluster = new EtcdCluster(members, scheme, extra);
        for (int i = 0; i < members; i++)
        {
            cluster.Start(i);
        }

        if (scheme == "http")
        {
            await cluster.ReadyAsync();
        }

        return cluster;
    }

    public void Start(int member, string state = "new")
    {
        string dir = DataDir(member);
        var start = new ProcessStartInfo(Requires.Find("etcd")!)
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach (string argument in new[]
        {
            "--name", $"m{member}", "--data-dir", dir,
            "--listen-client-urls", $"{_scheme}://127.0.0.1:{_clientPorts[member]}", "--advertise-client-urls", $"{_scheme}://127.0.0.1:{_clientPorts[member]}",
            "--listen-peer-urls", $"http://127.0.0.1:{_peerPorts[member]}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{_peerPorts[member]}",
            "--initial-cluster", InitialCluster, "--initial-cluster-state", state, "--log-level", "error",
        }.Concat(_extra))
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["ETCD_UNSUPPORTED_ARCH"] = "";
        var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _processes[member] = process;
    }

    /// <summary>Ends a member as a power cut does.</summary>
    public void Kill(int member)
    {
        _processes[member]!.Kill();
        _processes[member]!.WaitForExit();
    }

    public void Pause(int member) => Signal(member, "STOP");

    public void Resume(int member) => Signal(member, "CONT");

    public Task ReadyAsync() => UntilAsync(async () => (await Client.RangeAsync(new RangeRequest { Key = "x"u8.ToArray() }, default)).IsOk, "the cluster answers");

    public async Task<int> LeaderAsync()
    {
        _ = await Client.LookAsync(default);
        return Array.FindIndex(Client.Endpoints, static e => e.IsHealthy && e.Status is { Leader: not 0, Header: { } h } s && s.Leader == h.MemberId);
    }

    public string Ctl(params string[] arguments)
    {
        var start = new ProcessStartInfo(Requires.Find("etcdctl") ?? throw new SkipTestException("needs etcdctl, which is not installed"))
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["ETCDCTL_API"] = "3";
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"etcdctl {string.Join(' ', arguments)}: {error.Result}");
        return output;
    }

    public string EndpointsArgument => $"--endpoints={string.Join(',', Endpoints.Select(static e => e.GetLeftPart(UriPartial.Authority)))}";

    /// <summary>Ends all members and starts them with what a snapshot holds: what operators do after a disaster.</summary>
    public async Task RestoreAsync(string snapshot)
    {
        for (int i = 0; i < _processes.Length; i++)
        {
            Kill(i);
        }

        _generation++;
        for (int i = 0; i < _processes.Length; i++)
        {
            _ = Ctl("snapshot", "restore", snapshot, "--name", $"m{i}", "--data-dir", DataDir(i), "--initial-cluster", InitialCluster,
                "--initial-advertise-peer-urls", $"http://127.0.0.1:{_peerPorts[i]}");
            Start(i);
        }

        await ReadyAsync();
    }

    public Task PutAsync(string key, string value, long lease = 0) => PutAsync(System.Text.Encoding.UTF8.GetBytes(key), System.Text.Encoding.UTF8.GetBytes(value), lease);

    public async Task PutAsync(byte[] key, byte[] value, long lease = 0)
    {
        EtcdResult<TxnResponse> put = await TryPutAsync(key, value, lease);
        Assert.True(put.IsOk, put.Failure?.ToString());
    }

    public Task<EtcdResult<TxnResponse>> TryPutAsync(byte[] key, byte[] value, long lease = 0) => Client.TxnAsync(
        new TxnRequest { Success = [new RequestOp { RequestPut = new PutRequest { Key = key, Value = value, Lease = lease == 0 ? null : lease } }] }, default);

    public async Task DeleteAsync(string key, bool prefix = false)
    {
        byte[] octets = System.Text.Encoding.UTF8.GetBytes(key);
        EtcdResult<TxnResponse> result = await Client.TxnAsync(
            new TxnRequest { Success = [new RequestOp { RequestDeleteRange = new DeleteRequest { Key = octets, RangeEnd = prefix ? Model.EtcdSchema.End(key) : null } }] }, default);
        Assert.True(result.IsOk, result.Failure?.ToString());
    }

    public async Task<List<KeyValue>> KeysAsync(string prefix)
    {
        EtcdResult<RangeResponse> result = await Client.RangeAsync(
            new RangeRequest { Key = System.Text.Encoding.UTF8.GetBytes(prefix), RangeEnd = Model.EtcdSchema.End(prefix) }, default);
        Assert.True(result.IsOk, result.Failure?.ToString());
        return result.Value.Kvs ?? [];
    }

    public async Task<string?> ValueAsync(string key)
    {
        EtcdResult<RangeResponse> result = await Client.RangeAsync(new RangeRequest { Key = System.Text.Encoding.UTF8.GetBytes(key) }, default);
        Assert.True(result.IsOk, result.Failure?.ToString());
        return result.Value.Kvs is [{ } kv, ..] ? System.Text.Encoding.UTF8.GetString(kv.Value) : null;
    }

    /// <summary>Compacts everything up to now.</summary>
    public async Task CompactAsync()
    {
        EtcdResult<RangeResponse> result = await Client.RangeAsync(new RangeRequest { Key = "x"u8.ToArray() }, default);
        _ = Ctl(EndpointsArgument, "compact", result.Value!.Header!.Revision.ToString(), "--physical=true");
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        foreach (Process? process in _processes)
        {
            if (process is { HasExited: false })
            {
                process.Kill();
                await process.WaitForExitAsync();
            }

            process?.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, string what, int seconds = 60)
    {
        long began = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(began).TotalSeconds > seconds) throw new TimeoutException($"not within {seconds} s: {what}");
            await Task.Delay(2);
        }
    }

    private string InitialCluster => string.Join(',', _peerPorts.Select(static (p, i) => $"m{i}=http://127.0.0.1:{p}"));

    private string DataDir(int member) => Path.Combine(_folder, $"m{member}-{_generation}");

    private void Signal(int member, string signal)
    {
        using var process = Process.Start("kill", [$"-{signal}", $"{_processes[member]!.Id}"]);
        process.WaitForExit();
    }

    private static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(static _ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        Array.ForEach(listeners, static l => l.Start());
        int[] ports = [.. listeners.Select(static l => ((IPEndPoint)l.LocalEndpoint).Port)];
        Array.ForEach(listeners, static l => l.Stop());
        return ports;
    }
}
