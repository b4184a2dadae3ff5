using System.Text;
using Overlay.Capture;
using Overlay.Capture.Dissection;

namespace Overlay.Cli.Decode;

/// <summary>
/// <c>overlayctl decode HEX|PCAP|-</c>: every tunnel layer of a capture, a frame or a UDP payload, judged as an end point would.
/// Needs no daemon.
/// </summary>
public static class DecodeCommand
{
    /// <summary>Exit code: everything was read.</summary>
    public const int Success = 0;

    /// <summary>Exit code: the input is damaged; what was read before is printed.</summary>
    public const int Failure = 1;

    /// <summary>Exit code: the input is no capture and no hexadecimal text, or the encapsulation is unknown.</summary>
    public const int Usage = 2;

    private const int MaxHexLength = 4 << 20;

    /// <summary>Runs the command.</summary>
    /// <param name="input">A file (pcap, pcapng or hexadecimal text), <c>-</c> for standard input, or hexadecimal digits.</param>
    /// <param name="json">One JSON object a line for each layer, with the names of <see cref="TunnelColumns"/>; else a tree for people.</param>
    /// <param name="output">Where layers go.</param>
    /// <param name="error">Where problems go.</param>
    /// <returns>An exit code.</returns>
    public static int Run(string input, bool json, TextWriter output, TextWriter error) => Run(input, null, json, output, error);

    /// <summary>Runs the command on input whose kind is given.</summary>
    /// <param name="input">As above.</param>
    /// <param name="kind">How hexadecimal input is read: <c>frame</c>, <c>vxlan</c>, <c>vxlan-gpe</c> or <c>geneve</c> (the last three a UDP payload); null to guess.</param>
    /// <param name="json">As above.</param>
    /// <param name="output">Where layers go.</param>
    /// <param name="error">Where problems go.</param>
    /// <returns>An exit code.</returns>
    public static int Run(string input, string? kind, bool json, TextWriter output, TextWriter error)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);
        if (kind is not (null or "frame" or "vxlan" or "vxlan-gpe" or "geneve"))
        {
            return Complain(error, $"'{Printable(kind)}' is no kind of input; use --as frame, vxlan, vxlan-gpe or geneve", Usage);
        }

        var printer = new LayerPrinter(json, output);
        try
        {
            if (input == "-")
            {
                using Stream stdin = Console.OpenStandardInput();
                return RunStream(stdin, "standard input", kind, printer, error);
            }

            if (File.Exists(input))
            {
                using FileStream file = File.OpenRead(input);
                return RunStream(file, input, kind, printer, error);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Complain(error, $"cannot read {Printable(input)}: {Printable(e.Message)}", Failure);
        }

        return RunHex(input, kind, printer, error);
    }

    private static int RunStream(Stream stream, string name, string? kind, LayerPrinter printer, TextWriter error)
    {
        byte[] start = new byte[4];
        int length = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        var whole = new PrefixedStream(start.AsMemory(0, length), stream);
        if (kind is null && CaptureReader.IsCapture(start.AsSpan(0, length)))
        {
            return RunCapture(CaptureReader.Open(whole), printer, error);
        }

        using var text = new StreamReader(whole, Encoding.ASCII);
        char[] buffer = new char[MaxHexLength + 1];
        int read = text.ReadBlock(buffer);
        return read <= MaxHexLength && HexText.TryParse(new string(buffer, 0, read), out byte[] octets)
            ? RunOctets(octets, kind, printer, error)
            : Complain(error, $"{Printable(name)} is neither a capture (pcap, pcapng) nor hexadecimal text of a frame. Next: overlayctl decode --help", Usage);
    }

    private static int RunCapture(CaptureReader reader, LayerPrinter printer, TextWriter error)
    {
        while (reader.TryRead(out CaptureRecord record))
        {
            printer.Print(TunnelDissector.Dissect(in record));
        }

        printer.Finish(reader.Count);
        return reader.Error.IsError
            ? Complain(error, $"reading stopped after {reader.Count} packets: {reader.Error}. Next: capinfos FILE", Failure)
            : Success;
    }

    private static int RunHex(string text, string? kind, LayerPrinter printer, TextWriter error)
    {
        return HexText.TryParse(text, out byte[] octets)
            ? RunOctets(octets, kind, printer, error)
            : Complain(error, $"'{Printable(Shorten(text))}' is no file and no hexadecimal text. Next: overlayctl decode --help", Usage);
    }

    private static int RunOctets(byte[] octets, string? kind, LayerPrinter printer, TextWriter error)
    {
        IReadOnlyList<TunnelLayer> layers = kind switch
        {
            "frame" => TunnelDissector.Dissect(octets),
            "vxlan" => TunnelDissector.DissectPayload(octets, TunnelEncap.Vxlan),
            "vxlan-gpe" => TunnelDissector.DissectPayload(octets, TunnelEncap.VxlanGpe),
            "geneve" => TunnelDissector.DissectPayload(octets, TunnelEncap.Geneve),
            _ => Guess(octets),
        };
        printer.Print(layers);
        printer.Finish(1);
        return layers.Count != 0
            ? Success
            : Complain(error, "no tunnel header found; is it a bare UDP payload? Next: overlayctl decode --as vxlan HEX", Failure);
    }

    /// <summary>A frame that holds a tunnel is taken as a frame; else a payload whose first octets are those of a clean tunnel header as that.</summary>
    private static IReadOnlyList<TunnelLayer> Guess(byte[] octets)
    {
        IReadOnlyList<TunnelLayer> asFrame = TunnelDissector.Dissect(octets);
        if (asFrame.Count != 0 || octets.Length < 8)
        {
            return asFrame;
        }

        bool geneve = octets[0] >> 6 == 0 && octets[2] == 0x65 && octets[3] == 0x58;
        bool vxlan = (octets[0] & 0x08) != 0 && octets[7] == 0;
        return geneve ? TunnelDissector.DissectPayload(octets, TunnelEncap.Geneve)
            : vxlan ? TunnelDissector.DissectPayload(octets, TunnelEncap.Vxlan)
            : asFrame;
    }

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "...";

    private static string Printable(string text) => string.Concat(text.Select(static c => char.IsControl(c) ? $"\\x{(int)c:x2}" : c.ToString()));

    private static int Complain(TextWriter error, string sentence, int code)
    {
        error.WriteLine($"overlayctl: {sentence}");
        return code;
    }
}
