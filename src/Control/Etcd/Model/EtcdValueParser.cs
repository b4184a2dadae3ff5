using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Unicode;
using Overlay.Encap;

namespace Overlay.Control.Etcd.Model;

/// <summary>
/// Reads values that anybody may have written. Total: every sequence of octets gives a value or one fault, in time proportional to its length.
/// Fields that are not known are skipped; a field that is known has to be of its type, wherever it stands.
/// </summary>
internal sealed class EtcdValueParser
{
    /// <summary>The version of values we write, and the only one we read.</summary>
    public const int Version = 1;

    /// <summary>Octets of a value at most.</summary>
    public const int Limit = 8 * 1024;
    private const int AddressLimit = 16;
    private const int TextLimit = 253;
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 8, CommentHandling = JsonCommentHandling.Disallow };
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);

    /// <summary>Parses the value of a key of a kind.</summary>
    /// <param name="key">The key; a value that names another VTEP than its key is a fault.</param>
    /// <param name="octets">Anything.</param>
    /// <param name="value">The value, if there is no fault.</param>
    public EtcdFault Parse(in EtcdKey key, ReadOnlySpan<byte> octets, out EtcdValue value)
    {
        value = default;
        if (octets.Length > Limit)
        {
            return EtcdFault.TooLarge;
        }

        if (!Utf8.IsValid(octets))
        {
            return EtcdFault.NotUtf8;
        }

        try
        {
            EtcdFault fault = Fields(octets, out Raw raw);
            return fault != EtcdFault.None ? fault : Check(key, raw, out value);
        }
        catch (JsonException)
        {
            return EtcdFault.NotJson;
        }
        catch (InvalidOperationException)
        {
            // An escape that is half of a character.
            return EtcdFault.NotUtf8;
        }
    }

    private static EtcdFault Fields(ReadOnlySpan<byte> octets, out Raw raw)
    {
        raw = new Raw();
        var json = new Utf8JsonReader(octets, Options);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
        {
            return EtcdFault.NotJson;
        }

        EtcdFault fault = EtcdFault.None;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            EtcdFault one = Field(ref json, ref raw);
            fault = fault == EtcdFault.None ? one : fault;
        }

        // To the end, so that half an object, or two, is no object.
        while (json.Read())
        {
        }

        // Another version may mean other types, so that is the fault to name.
        return raw.Version != Version ? EtcdFault.OtherVersion : fault;
    }

    private static EtcdFault Field(ref Utf8JsonReader json, ref Raw raw)
    {
        if (json.ValueTextEquals("version"u8))
        {
            return json.Read() && json.TokenType == JsonTokenType.Number && json.TryGetInt32(out int version) ? Ok(raw.Version = version) : Skip(ref json, EtcdFault.OtherVersion);
        }

        if (json.ValueTextEquals("vtep"u8))
        {
            return Text(ref json, out raw.Vtep);
        }

        if (json.ValueTextEquals("sequence"u8))
        {
            return json.Read() && json.TokenType == JsonTokenType.Number && json.TryGetUInt32(out uint sequence) ? Ok(raw.Sequence = sequence) : Skip(ref json, EtcdFault.BadField);
        }

        if (json.ValueTextEquals("sticky"u8))
        {
            return Flag(ref json, out raw.Sticky);
        }

        if (json.ValueTextEquals("withdrawn"u8))
        {
            return Flag(ref json, out raw.Withdrawn);
        }

        if (json.ValueTextEquals("router"u8))
        {
            return Flag(ref json, out raw.Router);
        }

        if (json.ValueTextEquals("mac"u8))
        {
            return Text(ref json, out raw.Mac);
        }

        if (json.ValueTextEquals("host"u8))
        {
            return Text(ref json, out raw.Host);
        }

        if (json.ValueTextEquals("run"u8))
        {
            return Text(ref json, out raw.Run);
        }

        if (json.ValueTextEquals("addresses"u8))
        {
            return Addresses(ref json, ref raw);
        }

        if (json.ValueTextEquals("encapsulations"u8))
        {
            return Encapsulations(ref json, ref raw);
        }

        _ = json.Read();
        return Skip(ref json, EtcdFault.None);
    }

    private static EtcdFault Addresses(ref Utf8JsonReader json, ref Raw raw)
    {
        if (!json.Read() || json.TokenType != JsonTokenType.StartArray)
        {
            return Skip(ref json, EtcdFault.BadField);
        }

        EtcdFault fault = EtcdFault.None;
        raw.Addresses = [];
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (json.TokenType != JsonTokenType.String)
            {
                fault = Skip(ref json, EtcdFault.BadField);
            }
            else if (json.ValueSpan.Length > TextLimit || !UnderlayAddress.TryParse(json.GetString(), out UnderlayAddress address) || !address.IsUnicast ||
                address.IsLinkLocal || raw.Addresses.Count >= AddressLimit)
            {
                fault = EtcdFault.BadAddress;
            }
            else if (!raw.Addresses.Contains(address))
            {
                raw.Addresses.Add(address);
            }
        }

        return fault;
    }

    private static EtcdFault Encapsulations(ref Utf8JsonReader json, ref Raw raw)
    {
        if (!json.Read() || json.TokenType != JsonTokenType.StartArray)
        {
            return Skip(ref json, EtcdFault.BadField);
        }

        EtcdFault fault = EtcdFault.None;
        raw.Encaps = [];
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (json.TokenType != JsonTokenType.StartObject)
            {
                fault = Skip(ref json, EtcdFault.BadField);
                continue;
            }

            string? kind = null;
            int port = 0;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("kind"u8))
                {
                    EtcdFault one = Text(ref json, out kind);
                    fault = one == EtcdFault.None ? fault : one;
                }
                else if (json.ValueTextEquals("port"u8))
                {
                    if (!json.Read() || json.TokenType != JsonTokenType.Number || !json.TryGetInt32(out port) || port is < 1 or > ushort.MaxValue)
                    {
                        fault = Skip(ref json, EtcdFault.BadField);
                        port = 0;
                    }
                }
                else
                {
                    _ = json.Read();
                    _ = Skip(ref json, EtcdFault.None);
                }
            }

            // An encapsulation of a later time is none of ours, and no fault.
            EncapKind? known = kind switch { "geneve" => EncapKind.Geneve, "vxlan" => EncapKind.Vxlan, _ => null };
            if (known is { } encap && raw.Encaps.Count < AddressLimit)
            {
                raw.Encaps.Add((encap, (ushort)port));
            }
        }

        return fault;
    }

    private EtcdFault Check(in EtcdKey key, in Raw raw, out EtcdValue value)
    {
        value = default;
        if (raw.Vtep is null)
        {
            return EtcdFault.BadField;
        }

        if (!EtcdSchema.IsName(raw.Vtep) || (key.Kind is EtcdKeyKind.Vtep or EtcdKeyKind.Member && !string.Equals(key.Name, raw.Vtep, StringComparison.Ordinal)))
        {
            return EtcdFault.BadVtep;
        }

        MacAddress mac = default;
        if (key.Kind == EtcdKeyKind.Neighbor)
        {
            if (raw.Mac is null)
            {
                return EtcdFault.BadField;
            }

            if (!EtcdSchema.TryParseMac(raw.Mac, out mac))
            {
                return EtcdFault.BadMac;
            }
        }

        if (key.Kind == EtcdKeyKind.Vtep && raw.Addresses is not { Count: > 0 })
        {
            return EtcdFault.BadField;
        }

        value = new EtcdValue
        {
            Vtep = Pooled(raw.Vtep),
            Sequence = raw.Sequence,
            Sticky = raw.Sticky,
            Withdrawn = raw.Withdrawn,
            Mac = mac,
            IsRouter = raw.Router,
            Addresses = raw.Addresses is null ? [] : [.. raw.Addresses],
            Encaps = raw.Encaps is null ? [] : [.. raw.Encaps],
            Host = raw.Host,
            Run = raw.Run,
        };
        return EtcdFault.None;
    }

    /// <summary>One object for a name that many values have.</summary>
    private string Pooled(string name)
    {
        if (_names.TryGetValue(name, out string? known))
        {
            return known;
        }

        if (_names.Count >= 4096)
        {
            _names.Clear();
        }

        _names.Add(name, name);
        return name;
    }

    private static EtcdFault Ok<T>(T _) => EtcdFault.None;

    private static EtcdFault Text(ref Utf8JsonReader json, out string? text)
    {
        text = null;
        if (!json.Read() || json.TokenType != JsonTokenType.String || json.ValueSpan.Length > TextLimit)
        {
            return Skip(ref json, EtcdFault.BadField);
        }

        text = json.GetString();
        return EtcdFault.None;
    }

    private static EtcdFault Flag(ref Utf8JsonReader json, out bool flag)
    {
        flag = json.Read() && json.TokenType == JsonTokenType.True;
        return flag || json.TokenType == JsonTokenType.False ? EtcdFault.None : Skip(ref json, EtcdFault.BadField);
    }

    /// <summary>Past what is inside the current token, if anything is.</summary>
    private static EtcdFault Skip(ref Utf8JsonReader json, EtcdFault fault)
    {
        if (json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            json.Skip();
        }

        return fault;
    }

    private struct Raw
    {
        public int? Version;
        public string? Vtep;
        public uint Sequence;
        public bool Sticky;
        public bool Withdrawn;
        public bool Router;
        public string? Mac;
        public string? Host;
        public string? Run;
        public List<UnderlayAddress>? Addresses;
        public List<(EncapKind, ushort)>? Encaps;
    }
}
