using System.Buffers.Binary;

namespace Overlay.TestKit.Net;

/// <summary>
/// A capture on a device that tshark dissects. Frames are collected by a packet socket of ours, so that a test can wait until a frame is there
/// instead of hoping that a capture program has flushed it.
/// </summary>
public sealed class TsharkCapture : IDisposable
{
    private readonly NetLab _lab;
    private readonly PacketSocket _socket;
    private int _files;

    /// <summary>Starts capturing, both directions.</summary>
    public TsharkCapture(NetLab lab, string netns, string device, Func<byte[], bool>? filter = null)
    {
        Requires.Tools("tshark");
        _lab = lab;
        _socket = lab.Own(new PacketSocket(netns, device, outgoing: true, filter: filter));
    }

    /// <summary>What was captured.</summary>
    public PacketSocket Socket => _socket;

    /// <summary>Waits until at least <paramref name="count"/> frames match.</summary>
    public void WaitFor(int count, Func<byte[], bool> match, TimeSpan? limit = null) =>
        Wait.Until(() => _socket.Frames.Count(f => match(f.Data)) >= count, limit ?? TimeSpan.FromSeconds(10), $"{count} matching frames captured");

    /// <summary>
    /// The fields of all frames that pass <paramref name="displayFilter"/>, a row a frame. A field that occurs more than once (inner and outer
    /// headers) has its values joined by commas, outermost first.
    /// </summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Fields(string displayFilter, params ReadOnlySpan<string> fields)
    {
        var path = WritePcap();
        var args = new List<string> { "tshark", "-n", "-r", path, "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y", displayFilter, "-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=," };
        foreach (var field in fields)
        {
            args.Add("-e");
            args.Add(field);
        }

        var output = Cmd.Run(null, TimeSpan.FromSeconds(60), [.. args]).OrThrow().StdOut;
        var rows = new List<IReadOnlyDictionary<string, string>>();
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var values = line.Split('\t');
            var row = new Dictionary<string, string>(StringComparer.Ordinal);
            for (var i = 0; i < fields.Length; i++) row[fields[i]] = i < values.Length ? values[i] : "";
            rows.Add(row);
        }

        return rows;
    }

    /// <summary>Writes the capture as a classic pcap file and returns its path.</summary>
    public string WritePcap()
    {
        var path = Path.Combine(_lab.Folder, $"capture-{++_files}.pcap");
        using var file = File.Create(path);
        Span<byte> header = stackalloc byte[24];
        BinaryPrimitives.WriteUInt32LittleEndian(header, 0xa1b2c3d4);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], 4);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], 262_144);
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], 1);
        file.Write(header);
        foreach (var frame in _socket.Frames)
        {
            var time = frame.Time.ToUnixTimeMilliseconds();
            BinaryPrimitives.WriteUInt32LittleEndian(header, (uint)(time / 1000));
            BinaryPrimitives.WriteUInt32LittleEndian(header[4..], (uint)(time % 1000 * 1000));
            BinaryPrimitives.WriteUInt32LittleEndian(header[8..], (uint)frame.Data.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(header[12..], (uint)frame.Data.Length);
            file.Write(header[..16]);
            file.Write(frame.Data);
        }

        return path;
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
