using System.Buffers;
using System.Text.Json;
using Overlay.Encap;

namespace Overlay.Control.Etcd.Model;

/// <summary>Writes values: JSON on one line, fields in a fixed order, so that equal things are equal octets.</summary>
internal static class EtcdValueWriter
{
    public static byte[] Vtep(in EtcdValue value)
    {
        EtcdValue vtep = value;
        return Write(json =>
        {
            json.WriteString("vtep", vtep.Vtep);
            json.WriteStartArray("addresses");
            foreach (UnderlayAddress address in vtep.Addresses)
            {
                json.WriteStringValue(address.ToString());
            }

            json.WriteEndArray();
            json.WriteStartArray("encapsulations");
            foreach ((EncapKind kind, ushort port) in vtep.Encaps)
            {
                json.WriteStartObject();
                json.WriteString("kind", NameOf(kind));
                json.WriteNumber("port", port);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("host", vtep.Host);
            json.WriteString("run", vtep.Run);
        });
    }

    public static byte[] Member(string vtep, bool withdrawn = false) => Write(json =>
    {
        json.WriteString("vtep", vtep);
        if (withdrawn)
        {
            json.WriteBoolean("withdrawn", true);
        }
    });

    public static byte[] Mac(string vtep, uint sequence, bool withdrawn = false) => Write(json =>
    {
        json.WriteString("vtep", vtep);
        json.WriteNumber("sequence", sequence);
        if (withdrawn)
        {
            json.WriteBoolean("withdrawn", true);
        }
    });

    public static byte[] Neighbor(string vtep, MacAddress mac, bool withdrawn = false) => Write(json =>
    {
        json.WriteString("vtep", vtep);
        json.WriteString("mac", mac.ToString());
        if (withdrawn)
        {
            json.WriteBoolean("withdrawn", true);
        }
    });

    public static string NameOf(EncapKind kind) => kind == EncapKind.Geneve ? "geneve" : "vxlan";

    private static byte[] Write(Action<Utf8JsonWriter> fields)
    {
        var octets = new ArrayBufferWriter<byte>(128);
        using (var json = new Utf8JsonWriter(octets))
        {
            json.WriteStartObject();
            json.WriteNumber("version", EtcdValueParser.Version);
            fields(json);
            json.WriteEndObject();
        }

        return octets.WrittenSpan.ToArray();
    }
}
