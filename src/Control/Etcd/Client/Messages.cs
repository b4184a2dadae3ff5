using System.Text.Json;
using System.Text.Json.Serialization;

namespace Overlay.Control.Etcd.Client;

// Messages of the v3 API (rpc.proto of etcd 3.4) as its JSON gateway writes them: names as in the .proto file, 64-bit numbers as text, octets as
// base64, fields of value zero left out. Only fields that are used are here; unknown ones are skipped.
internal sealed record Header
{
    public ulong ClusterId { get; init; }

    public ulong MemberId { get; init; }

    public long Revision { get; init; }

    public ulong RaftTerm { get; init; }
}

internal sealed record KeyValue
{
    public byte[] Key { get; init; } = [];

    public byte[] Value { get; init; } = [];

    public long CreateRevision { get; init; }

    public long ModRevision { get; init; }

    public long Lease { get; init; }
}

internal sealed record RangeRequest
{
    public required byte[] Key { get; init; }

    public byte[]? RangeEnd { get; init; }

    public long? Limit { get; init; }

    public long? Revision { get; init; }

    public bool? KeysOnly { get; init; }
}

internal sealed record RangeResponse
{
    public Header? Header { get; init; }

    public List<KeyValue>? Kvs { get; init; }

    public bool More { get; init; }

    public long Count { get; init; }
}

internal sealed record PutRequest
{
    public required byte[] Key { get; init; }

    public required byte[] Value { get; init; }

    public long? Lease { get; init; }
}

internal sealed record PutResponse
{
    public Header? Header { get; init; }
}

internal sealed record DeleteRequest
{
    public required byte[] Key { get; init; }

    public byte[]? RangeEnd { get; init; }
}

internal sealed record DeleteResponse
{
    public Header? Header { get; init; }

    public long Deleted { get; init; }
}

/// <summary>A condition: exactly one of the values, and the target that names it.</summary>
internal sealed record Compare
{
    public string Result { get; init; } = "EQUAL";

    public required string Target { get; init; }

    public required byte[] Key { get; init; }

    public long? CreateRevision { get; init; }

    public long? ModRevision { get; init; }

    public long? Lease { get; init; }

    public static Compare Absent(byte[] key) => new() { Target = "CREATE", Key = key, CreateRevision = 0 };

    public static Compare Modified(byte[] key, long revision) => new() { Target = "MOD", Key = key, ModRevision = revision };

    public static Compare Leased(byte[] key, long lease) => new() { Target = "LEASE", Key = key, Lease = lease };
}

internal sealed record RequestOp
{
    public RangeRequest? RequestRange { get; init; }

    public PutRequest? RequestPut { get; init; }

    public DeleteRequest? RequestDeleteRange { get; init; }

    public TxnRequest? RequestTxn { get; init; }
}

internal sealed record TxnRequest
{
    public List<Compare>? Compare { get; init; }

    public List<RequestOp>? Success { get; init; }

    public List<RequestOp>? Failure { get; init; }
}

internal sealed record ResponseOp
{
    public RangeResponse? ResponseRange { get; init; }

    public PutResponse? ResponsePut { get; init; }

    public DeleteResponse? ResponseDeleteRange { get; init; }

    public TxnResponse? ResponseTxn { get; init; }
}

internal sealed record TxnResponse
{
    public Header? Header { get; init; }

    public bool Succeeded { get; init; }

    public List<ResponseOp>? Responses { get; init; }
}

internal sealed record LeaseRequest
{
    [JsonPropertyName("ID")]
    public long? Id { get; init; }

    [JsonPropertyName("TTL")]
    public long? Ttl { get; init; }
}

internal sealed record LeaseResponse
{
    public Header? Header { get; init; }

    [JsonPropertyName("ID")]
    public long Id { get; init; }

    [JsonPropertyName("TTL")]
    public long Ttl { get; init; }

    [JsonPropertyName("grantedTTL")]
    public long GrantedTtl { get; init; }
}

internal sealed record WatchCreateRequest
{
    public required byte[] Key { get; init; }

    public byte[]? RangeEnd { get; init; }

    public long StartRevision { get; init; }

    public long WatchId { get; init; }

    public bool ProgressNotify { get; init; }

    public bool PrevKv { get; init; }

    public bool Fragment { get; init; }
}

internal sealed record WatchRequest
{
    public WatchCreateRequest? CreateRequest { get; init; }
}

internal sealed record WatchEvent
{
    /// <summary>PUT is left out as the value zero.</summary>
    public string? Type { get; init; }

    public KeyValue? Kv { get; init; }

    public KeyValue? PrevKv { get; init; }

    [JsonIgnore]
    public bool IsDelete => string.Equals(Type, "DELETE", StringComparison.Ordinal);
}

internal sealed record WatchResponse
{
    public Header? Header { get; init; }

    public long WatchId { get; init; }

    public bool Created { get; init; }

    public bool Canceled { get; init; }

    public long CompactRevision { get; init; }

    public string? CancelReason { get; init; }

    public bool Fragment { get; init; }

    public List<WatchEvent>? Events { get; init; }
}

/// <summary>A line of a stream: a result, or the error it ends with.</summary>
internal sealed record StreamLine<T> : IStreamLine
    where T : class
{
    public T? Result { get; init; }

    public ErrorResponse? Error { get; init; }

    [JsonIgnore]
    public bool HasResult => Result is not null;
}

internal interface IStreamLine
{
    ErrorResponse? Error { get; }

    bool HasResult { get; }
}

/// <summary>An error: <c>code</c> in answers, <c>grpc_code</c> in streams. The text is <c>error</c> or <c>message</c>.</summary>
internal sealed record ErrorResponse
{
    public JsonElement? Error { get; init; }

    public string? Message { get; init; }

    public int Code { get; init; }

    public int GrpcCode { get; init; }
}

internal sealed record AuthRequest
{
    public required string Name { get; init; }

    public required string Password { get; init; }
}

internal sealed record AuthResponse
{
    public string? Token { get; init; }
}

internal sealed record StatusResponse
{
    public Header? Header { get; init; }

    public string? Version { get; init; }

    [JsonPropertyName("dbSize")]
    public long DbSize { get; init; }

    public ulong Leader { get; init; }

    public List<string>? Errors { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.WriteAsString)]
[JsonSerializable(typeof(RangeRequest))]
[JsonSerializable(typeof(RangeResponse))]
[JsonSerializable(typeof(TxnRequest))]
[JsonSerializable(typeof(TxnResponse))]
[JsonSerializable(typeof(LeaseRequest))]
[JsonSerializable(typeof(LeaseResponse))]
[JsonSerializable(typeof(StreamLine<LeaseResponse>))]
[JsonSerializable(typeof(WatchRequest))]
[JsonSerializable(typeof(StreamLine<WatchResponse>))]
[JsonSerializable(typeof(ErrorResponse))]
[JsonSerializable(typeof(AuthRequest))]
[JsonSerializable(typeof(AuthResponse))]
[JsonSerializable(typeof(StatusResponse))]
internal sealed partial class EtcdJson : JsonSerializerContext;
