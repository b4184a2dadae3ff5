using System.Globalization;
using System.Text;
using Overlay.Dataplane.Interop;
using Overlay.Encap;

namespace Overlay.Dataplane.HandOver;

/// <summary>
/// Names of descriptors in the supervisor's store, one a queue or socket: printable ASCII without <c>:</c>, at most 255 octets (sd_pid_notify_with_fds(3)). Whatever else a
/// device, namespace or address has in its name stands there as <c>%</c> and two hexadecimal digits.
/// </summary>
public static class DescriptorNames
{
    /// <summary>What every name of ours begins with.</summary>
    public const string Prefix = "overlay.";

    /// <summary>The state that one process leaves to the next (<see cref="MemoryFile"/>).</summary>
    public const string State = Prefix + "state";

    /// <summary>Octets of a name at most.</summary>
    public const int MaxLength = 255;

    internal const int Lane = -1;

    internal static string Tap(string device, string? netns, int queue) => $"{TapOf(device, netns)}{Index(queue)}";

    internal static string TapOf(string device, string? netns) => $"{Prefix}tap.{Escape(device)}.{Escape(NetworkNamespace.Canonical(netns) ?? "")}.";

    internal static bool IsTap(string name) => name.StartsWith(Prefix + "tap.", StringComparison.Ordinal);

    internal static string Udp(EncapKind encap, in UnderlayAddress address, ushort port, int index) =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}udp.{encap.ToString().ToLowerInvariant()}.{Escape(address.ToString())}.{port}.{Index(index)}");

    private static string Index(int index) => index == Lane ? "lane" : index.ToString(CultureInfo.InvariantCulture);

    private static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (byte octet in Encoding.UTF8.GetBytes(text))
        {
            char c = (char)octet;
            _ = char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? escaped.Append(c) : escaped.Append(CultureInfo.InvariantCulture, $"%{octet:X2}");
        }

        return escaped.ToString();
    }
}
