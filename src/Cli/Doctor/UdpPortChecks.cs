using System.Net;
using System.Net.Sockets;
using Overlay.Cli.Tools;

namespace Overlay.Cli.Doctor;

/// <summary>Whether a UDP port is free, and who holds it.</summary>
internal static class UdpPortChecks
{
    private static readonly TimeSpan ToolTimeout = TimeSpan.FromSeconds(3);

    /// <param name="port">UDP port.</param>
    /// <param name="encap">Whose it is.</param>
    /// <param name="daemonRuns">True if the daemon answers: then it should be the one that holds the port.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<DoctorLine> OfAsync(int port, string encap, bool daemonRuns, CancellationToken cancellation)
    {
        string check = $"udp-{port}";
        string? problem = Bind(AddressFamily.InterNetwork, port) ?? Bind(AddressFamily.InterNetworkV6, port);
        if (problem is null) return DoctorLine.Ok(check, $"UDP port {port} ({encap}) is free");
        string? holder = await HolderAsync(port, encap, cancellation);
        string finding = $"UDP port {port} ({encap}) {(holder is null ? $"cannot be bound: {problem}" : $"is held by {holder}")}";
        if (holder is not null && holder.StartsWith("overlayd", StringComparison.Ordinal)) return DoctorLine.Ok(check, finding);
        if (daemonRuns && holder is null) return DoctorLine.Ok(check, $"UDP port {port} ({encap}) is held while overlayd runs");
        return DoctorLine.Fail(check, finding, holder is null ? $"ss -lunp 'sport = :{port}'; ip -d link show type {encap}" : Release(holder, port));
    }

    private static string Release(string holder, int port) => holder.StartsWith("the kernel's ", StringComparison.Ordinal)
        ? $"ip link del {holder[(holder.LastIndexOf(' ') + 1)..]}   # or give overlayd another port under 'listen:'"
        : $"stop it, or give overlayd another port under 'listen:' (ss -lunp 'sport = :{port}')";

    // A port without a process is the kernel's own: a tunnel device. Neither tool is needed to run; without them the answer is less exact.
    private static async Task<string?> HolderAsync(int port, string encap, CancellationToken cancellation)
    {
        if (Tool.Find("ss") is not null)
        {
            ToolResult sockets = await Tool.RunAsync("ss", ["-H", "-lunp", "sport", "=", $":{port}"], ToolTimeout, cancellation);
            if (Process(sockets.Output) is { } process) return process;
        }

        if (Tool.Find("ip") is null) return null;
        ToolResult links = await Tool.RunAsync("ip", ["-d", "-o", "link", "show", "type", encap], ToolTimeout, cancellation);
        foreach (string line in links.Output.Split('\n'))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            int at = Array.IndexOf(words, "dstport");
            if (words.Length > 1 && at > 0 && at + 1 < words.Length && words[at + 1] == $"{port}") return $"the kernel's {encap} device {words[1].TrimEnd(':').Split('@')[0]}";
        }

        return null;
    }

    // users:(("overlayd",pid=24255,fd=142))
    private static string? Process(string output)
    {
        const string Mark = "users:((\"";
        int at = output.IndexOf(Mark, StringComparison.Ordinal);
        if (at < 0) return null;
        string[] parts = output[(at + Mark.Length)..].Split(',', ')');
        return parts.Length < 2 ? null : $"{parts[0].TrimEnd('"')} ({parts[1].Replace("pid=", "pid ", StringComparison.Ordinal)})";
    }

    private static string? Bind(AddressFamily family, int port)
    {
        try
        {
            using Socket socket = new(family, SocketType.Dgram, ProtocolType.Udp);
            if (family == AddressFamily.InterNetworkV6) socket.DualMode = false;
            socket.ExclusiveAddressUse = true;
            socket.Bind(new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, port));
            return null;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressFamilyNotSupported)
        {
            return null;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.AddressAlreadyInUse ? "somebody else holds it" : e.Message;
        }
    }
}
