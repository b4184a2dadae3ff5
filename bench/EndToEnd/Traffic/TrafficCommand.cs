using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Overlay.EndToEnd.Traffic;

/// <summary>The traffic tools as commands of this program: the run starts them inside namespaces and reads a line of JSON from each.</summary>
internal static class TrafficCommand
{
    /// <summary>What a tool that waits for traffic writes to standard error once it does.</summary>
    public const string Ready = "ready";

    /// <summary>How results are written: a tool that got no answer has values that are not numbers.</summary>
    public static JsonSerializerOptions Json { get; } = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>Whether the arguments are of a tool.</summary>
    public static bool IsOne(IReadOnlyList<string> args) => args is ["sink" or "blast" or "echo" or "pingpong" or "probe", ..];

    /// <summary>Runs a tool; the exit code.</summary>
    public static int Run(IReadOnlyList<string> args)
    {
        object? result;
        switch (args)
        {
            case ["sink", var port, var seconds]:
                result = Sink.Run(Int(port), Number(seconds), SayReady);
                break;
            case ["blast", var addresses, var port, var sizes, var seconds, var flows]:
                result = Blast.Run([.. addresses.Split(',').Select(IPAddress.Parse)], Int(port), [.. sizes.Split(',').Select(Int)], Number(seconds), Int(flows));
                break;
            case ["echo", var port]:
                RoundTrips.Echo(Int(port), SayReady);
                return 0;
            case ["pingpong", var address, var port, var seconds]:
                result = RoundTrips.PingPong(IPAddress.Parse(address), Int(port), Number(seconds));
                break;
            case ["probe", var address, var port, var seconds, var rate]:
                result = RoundTrips.Probe(IPAddress.Parse(address), Int(port), Number(seconds), Number(rate));
                break;
            default:
                Console.Error.WriteLine("""
                    sink PORT SECONDS                                    count datagrams
                    blast ADDRESS[,…] PORT SIZE[,…] SECONDS FLOWS        send datagrams as fast as it goes
                    echo PORT                                            send datagrams back
                    pingpong ADDRESS PORT SECONDS                        round trips, one at a time
                    probe ADDRESS PORT SECONDS RATE                      round trips at a rate, answered or not
                    """);
                return 2;
        }

        Console.WriteLine(JsonSerializer.Serialize(result, result.GetType(), Json));
        return 0;
    }

    private static void SayReady() => Console.Error.WriteLine(Ready);

    private static int Int(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
