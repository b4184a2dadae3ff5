using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Overlay.Host.Tests.Composition;

/// <summary>A whole <c>overlayd</c> process on loopback addresses and high ports, without a port, so that it needs no privilege.</summary>
internal sealed class RunningDaemon : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Socket _manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = (int)Patience.TotalMilliseconds };
    private readonly StringBuilder _log = new();
    private Process? _process;

    public RunningDaemon()
    {
        Folder = Directory.CreateTempSubdirectory("overlay-daemon-").FullName;
        _manager.Bind(new UnixDomainSocketEndPoint(Path.Combine(Folder, "notify")));
    }

    public string Folder { get; }

    public string File => Path.Combine(Folder, "overlayd.yaml");

    public string SocketPath => Path.Combine(Folder, "run", "api.sock");

    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    public Process Process => _process!;

    /// <summary>The configuration that every test starts from; listening ports are the kernel's choice of the moment.</summary>
    public string Text { get; private set; } = "";

    /// <param name="vxlan">UDP port of VXLAN.</param>
    /// <param name="geneve">UDP port of Geneve.</param>
    /// <param name="metrics">The section <c>metrics</c>. Several of these processes share one host, so that there is no listener without being asked for.</param>
    public void Configure(int vxlan, int geneve, string metrics = "{ listen: null }", string more = "")
    {
        Text = $$"""
            node: { name: a, local: [127.0.0.1] }
            listen: { vxlan: {{vxlan}}, geneve: {{geneve}}, source_ports: 20000-29999, source_port_count: 4 }
            admin: { socket: {{SocketPath}} }
            state: { directory: {{Folder}}/state }
            vnis: [{ id: 100 }]
            peers: [{ name: b, addresses: [127.0.0.2], vnis: [100] }]
            metrics: {{metrics}}
            {{more}}
            """;
        System.IO.File.WriteAllText(File, Text);
    }

    public static (int First, int Second) FreePorts()
    {
        using var one = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using var two = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        one.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        two.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        return (((System.Net.IPEndPoint)one.LocalEndPoint!).Port, ((System.Net.IPEndPoint)two.LocalEndPoint!).Port);
    }

    /// <summary>A TCP port that nobody has on loopback at the moment.</summary>
    public static int FreeTcpPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        return ((System.Net.IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public void Start()
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
        start.ArgumentList.Add(typeof(CommandLine).Assembly.Location);
        start.ArgumentList.Add("--config");
        start.ArgumentList.Add(File);
        start.Environment["NOTIFY_SOCKET"] = Path.Combine(Folder, "notify");
        start.Environment["FDSTORE"] = "0";
        start.Environment["INVOCATION_ID"] = "test";
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_log)
            {
                _log.AppendLine(line.Data);
            }
        };
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
    }

    /// <summary>The next message to the service manager that begins so; status lines in between are skipped.</summary>
    public string Notified(string prefix)
    {
        var buffer = new byte[4096];
        while (true)
        {
            var message = Encoding.UTF8.GetString(buffer, 0, _manager.Receive(buffer));
            if (message.StartsWith(prefix, StringComparison.Ordinal))
            {
                return message;
            }
        }
    }

    public async Task<(int Status, JsonNode Body)> CallAsync(HttpMethod method, string resource, string? body = null, string? ifMatch = null)
    {
        var (status, text) = await SendAsync(method, resource, body, ifMatch);
        return (status, JsonNode.Parse(text)!);
    }

    public async Task<string> TextAsync(string resource) => (await SendAsync(HttpMethod.Get, resource, null, null)).Text;

    private async Task<(int Status, string Text)> SendAsync(HttpMethod method, string resource, string? body, string? ifMatch)
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        using var request = new HttpRequestMessage(method, "http://overlayd/" + resource);
        if (body is not null)
        {
            request.Content = new StringContent(body);
        }

        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        using var response = await http.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public void Signal(string name) => Process.Start("kill", [$"-{name}", Process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]).WaitForExit();

    public async Task<int> ExitCodeAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        await Process.WaitForExitAsync(patience.Token);
        return Process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            if (!_process.HasExited)
            {
                _process.Kill();
            }

            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        _manager.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
