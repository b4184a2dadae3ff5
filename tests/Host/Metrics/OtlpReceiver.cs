using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Overlay.Host.Tests.Metrics;

/// <summary>
/// A collector for tests: takes OTLP over HTTP (opentelemetry-proto, <c>collector/metrics/v1</c>) and reads the protobuf by hand, so that no code of the sender's judges what it sent.
/// </summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _running;
    private readonly Lock _lock = new();
    private Dictionary<string, double> _values = new(StringComparer.Ordinal);
    private int _requests;

    public OtlpReceiver(int port)
    {
        _listener.Prefixes.Add(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/"));
        _listener.Start();
        _running = RunAsync();
    }

    /// <summary>Requests taken.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>The path that was posted to last.</summary>
    public string Path { get; private set; } = "";

    /// <summary>Attributes of the resource of the last request.</summary>
    public string Resource { get; private set; } = "";

    /// <summary>What the last request said, by series as Prometheus writes them; the type behind a bar: <c>name{a="b"}|sum</c>.</summary>
    public Dictionary<string, double> Values
    {
        get
        {
            lock (_lock)
            {
                return _values;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _running;
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                var context = await _listener.GetContextAsync();
                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                Read(body.ToArray());
                Path = context.Request.Url!.AbsolutePath;
                context.Response.ContentType = "application/x-protobuf";
                context.Response.Close();
                Interlocked.Increment(ref _requests);
            }
        }
        catch (Exception error) when (error is HttpListenerException or ObjectDisposedException or SocketException)
        {
            // Closed.
        }
    }

    private void Read(byte[] request)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var resourceMetrics in Messages(request, 1))
        {
            Resource = Attributes(Messages(resourceMetrics, 1).Single(), 1);
            foreach (var metric in Messages(resourceMetrics, 2).SelectMany(scope => Messages(scope, 2)))
            {
                var name = Encoding.UTF8.GetString(Messages(metric, 1).Single());
                Points(values, name, "gauge", Messages(metric, 5).SingleOrDefault());
                Points(values, name, "sum", Messages(metric, 7).SingleOrDefault());
            }
        }

        lock (_lock)
        {
            _values = values;
        }
    }

    private static void Points(Dictionary<string, double> values, string name, string type, byte[]? data)
    {
        foreach (var point in data is null ? [] : Messages(data, 1))
        {
            var number = Fields(point).Last(field => field.Number is 4 or 6);
            values.Add($"{name}{Attributes(point, 7)}|{type}", number.Number == 4 ? BitConverter.UInt64BitsToDouble(number.Value) : (long)number.Value);
        }
    }

    private static string Attributes(byte[] message, int field)
    {
        var pairs = Messages(message, field).Select(pair => (Key: Encoding.UTF8.GetString(Messages(pair, 1).Single()), Value: Encoding.UTF8.GetString(Messages(Messages(pair, 2).Single(), 1).Single())));
        var text = string.Join(',', pairs.Select(pair => $"{pair.Key}=\"{pair.Value}\""));
        return text.Length == 0 ? "" : $"{{{text}}}";
    }

    private static IEnumerable<byte[]> Messages(byte[] message, int number) => Fields(message).Where(field => field.Number == number).Select(field => field.Octets);

    // The wire format: varint, 64 bits, length-delimited, 32 bits.
    private static List<(int Number, ulong Value, byte[] Octets)> Fields(byte[] message)
    {
        var fields = new List<(int, ulong, byte[])>();
        var at = 0;
        while (at < message.Length)
        {
            var tag = Varint(message, ref at);
            var number = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    fields.Add((number, Varint(message, ref at), []));
                    break;
                case 1:
                    fields.Add((number, BitConverter.ToUInt64(message, at), []));
                    at += 8;
                    break;
                case 2:
                    var length = (int)Varint(message, ref at);
                    fields.Add((number, 0, message[at..(at + length)]));
                    at += length;
                    break;
                case 5:
                    fields.Add((number, BitConverter.ToUInt32(message, at), []));
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"wire type {tag & 7} at {at}");
            }
        }

        return fields;
    }

    private static ulong Varint(byte[] message, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var octet = message[at++];
            value |= (ulong)(octet & 0x7F) << shift;
            if (octet < 0x80)
            {
                return value;
            }
        }
    }
}
