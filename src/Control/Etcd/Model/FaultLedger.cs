using System.Text;
using Overlay.Control.Etcd.Queries;

namespace Overlay.Control.Etcd.Model;

/// <summary>Faults by name: how many, and the last offender of each. <b>Threading:</b> any thread.</summary>
internal sealed class FaultLedger(TimeProvider time)
{
    private const int TextLimit = 160;
    private readonly Lock _gate = new();
    private readonly Dictionary<EtcdFault, (long Count, string Key, long Revision, string Detail, long When)> _faults = [];

    /// <summary>Counts one.</summary>
    /// <returns>How many of its kind there were before.</returns>
    public long Add(EtcdFault fault, ReadOnlySpan<byte> key, long revision, string detail = "")
    {
        string text = Printable(key);
        lock (_gate)
        {
            _ = _faults.TryGetValue(fault, out var known);
            _faults[fault] = (known.Count + 1, text, revision, detail, time.GetTimestamp());
            return known.Count;
        }
    }

    public long Of(EtcdFault fault)
    {
        lock (_gate)
        {
            return _faults.TryGetValue(fault, out var known) ? known.Count : 0;
        }
    }

    public EtcdFaultRow[] Rows()
    {
        lock (_gate)
        {
            return [.. _faults.OrderBy(static f => f.Key).Select(f => new EtcdFaultRow(
                EtcdFaultNames.Of(f.Key), f.Value.Count, f.Value.Key, f.Value.Revision, f.Value.Detail, time.GetElapsedTime(f.Value.When)))];
        }
    }

    /// <summary>Octets for a terminal: printable ASCII as it is, the rest escaped, cut short.</summary>
    public static string Printable(ReadOnlySpan<byte> octets, int limit = TextLimit)
    {
        var text = new StringBuilder(Math.Min(octets.Length, limit));
        foreach (byte octet in octets[..Math.Min(octets.Length, limit)])
        {
            _ = octet is >= 0x20 and < 0x7F and not (byte)'\\' ? text.Append((char)octet) : text.Append("\\x").Append(octet.ToString("x2"));
        }

        return octets.Length > limit ? text.Append('…').ToString() : text.ToString();
    }
}
