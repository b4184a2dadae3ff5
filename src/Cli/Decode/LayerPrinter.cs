using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Overlay.Capture.Dissection;

namespace Overlay.Cli.Decode;

/// <summary>Prints layers: JSON lines for scripts, a tree for people.</summary>
internal sealed class LayerPrinter
{
    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly Dictionary<string, int> Positions =
        TunnelColumns.Names.Index().ToDictionary(static p => p.Item, static p => p.Index, StringComparer.Ordinal);

    private readonly bool _json;
    private readonly TextWriter _output;
    private readonly Dictionary<string, int> _verdicts = new(StringComparer.Ordinal);
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private int _layerCount;

    public LayerPrinter(bool json, TextWriter output)
    {
        _json = json;
        _output = output;
    }

    public void Print(IReadOnlyList<TunnelLayer> layers)
    {
        foreach (TunnelLayer layer in layers)
        {
            IReadOnlyList<string> values = TunnelColumns.Format(layer);
            string verdict = TunnelColumns.Name(layer.Verdict);
            _verdicts[verdict] = _verdicts.GetValueOrDefault(verdict) + 1;
            _layerCount++;
            if (_json)
            {
                PrintJson(values);
            }
            else
            {
                PrintTree(layer);
            }
        }
    }

    /// <summary>The last line for people: what was seen in all.</summary>
    public void Finish(long frameCount)
    {
        if (!_json)
        {
            string verdicts = string.Join(", ", _verdicts.OrderBy(static p => p.Key, StringComparer.Ordinal).Select(static p => $"{p.Key} {p.Value}"));
            _output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{frameCount} frames, {_layerCount} tunnel layers{(verdicts.Length == 0 ? string.Empty : ": ")}{verdicts}"));
        }
    }

    private void PrintJson(IReadOnlyList<string> values)
    {
        _buffer.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(_buffer, JsonOptions))
        {
            writer.WriteStartObject();
            for (int i = 0; i < values.Count; i++)
            {
                writer.WriteString(TunnelColumns.Names[i], values[i]);
            }

            writer.WriteEndObject();
        }

        _output.WriteLine(Encoding.UTF8.GetString(_buffer.WrittenSpan));
    }

    private void PrintTree(TunnelLayer layer)
    {
        string indent = new(' ', 2 * Math.Max(layer.Depth - 1, 0));
        IReadOnlyList<string> values = TunnelColumns.Format(layer);
        string Value(string name) => values[Positions[name]];
        string reason = Value("reason");
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"{indent}frame {layer.Frame}  {Value("verdict")}");
        if (reason.Length != 0)
        {
            line.Append(CultureInfo.InvariantCulture, $"  ({reason})");
        }

        line.AppendLine();
        if (layer.OuterSource is not null)
        {
            line.AppendLine(CultureInfo.InvariantCulture, $"{indent}  outer   {Value("outer_src")} > {Value("outer_dst")}  tos {Value("outer_tos")} ttl {Value("outer_ttl")}  udp {Value("udp_sport")} > {Value("udp_dport")} checksum {Value("udp_csum")}");
        }

        if (layer.Encap != TunnelEncap.None)
        {
            line.Append(CultureInfo.InvariantCulture, $"{indent}  {Value("encap"),-7} ");
            AppendPart(line, "vni", Value("vni"));
            AppendPart(line, "flags", Value("flags"));
            AppendPart(line, "gbp", Value("gbp"));
            AppendPart(line, "protocol", Value("proto"));
            TrimEnd(line).AppendLine();
        }

        foreach (TunnelOption option in layer.Options)
        {
            line.Append(CultureInfo.InvariantCulture, $"{indent}  option  class 0x{option.Class:x4} type 0x{option.Type:x2}{(option.IsCritical ? " critical" : string.Empty)}");
            line.AppendLine(option.Data.IsEmpty ? string.Empty : $"  {Convert.ToHexStringLower(option.Data.Span)}");
        }

        if (layer.InnerLength is not null)
        {
            line.Append(CultureInfo.InvariantCulture, $"{indent}  inner   ");
            line.Append(layer.InnerSource is null ? string.Empty : $"{Value("inner_src")} > {Value("inner_dst")}  ");
            AppendPart(line, "vlan", Value("inner_vlans"));
            AppendPart(line, "type", Value("inner_type"));
            AppendPart(line, "length", Value("inner_len"));
            TrimEnd(line).AppendLine();
        }

        _output.Write(line.ToString());
    }

    private static void AppendPart(StringBuilder line, string name, string value)
    {
        if (value.Length != 0)
        {
            line.Append(CultureInfo.InvariantCulture, $"{name} {value}  ");
        }
    }

    private static StringBuilder TrimEnd(StringBuilder line)
    {
        while (line.Length != 0 && line[^1] == ' ')
        {
            line.Length--;
        }

        return line;
    }
}
