using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Overlay.Control.Etcd.Options;

namespace Overlay.Control.Etcd.Client;

/// <summary>
/// etcd's v3 API by its JSON gateway (<c>/v3/…</c>, etcd 3.4 and later). A request goes to the member that is in best health, and to the next one
/// when that fails; every failure is a value, of bounded length, and nothing throws.
/// </summary>
/// <remarks>
/// <b>Threading:</b> any thread. <b>Bounds:</b> an answer of <see cref="AnswerLimit"/>, a line of a stream of <see cref="LineLimit"/>, every request
/// of <see cref="EtcdOptions.RequestTimeout"/>. <b>Repeats:</b> a request whose answer was lost is sent again to another member, so a caller's
/// transactions have to bear being done twice.
/// </remarks>
internal sealed partial class EtcdClient : IDisposable
{
    /// <summary>Octets of an answer at most.</summary>
    public const int AnswerLimit = 32 << 20;

    /// <summary>Octets of a line of a stream at most: the store cuts responses at its request limit (1.5 MiB), a single event may be larger.</summary>
    public const int LineLimit = 8 << 20;

    /// <summary>Above net/http's maxPostHandlerReadBytes of 256 KiB.</summary>
    private const int Padding = (256 + 16) * 1024;
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private readonly EtcdOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _authenticating = new(1, 1);
    private readonly CancellationTokenSource _disposed = new();
    private EtcdConnections? _connections;
    private EtcdFailure? _tlsFailure;
    private volatile string? _token;
    private long _requests;

    public EtcdClient(EtcdOptions options, TimeProvider time, Random random)
    {
        _options = options;
        _time = time;
        Endpoints = [.. options.Endpoints.Select(e => new EtcdEndpoint(e, options, time, random))];
    }

    public EtcdEndpoint[] Endpoints { get; }

    /// <summary>Requests sent since the start, repeats included.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    private TimeSpan LookTimeout => _options.HealthInterval < _options.RequestTimeout ? _options.HealthInterval : _options.RequestTimeout;

    /// <summary>The member a request would go to now: the first in health, else the one whose back-off ends first.</summary>
    public EtcdEndpoint Choose(IReadOnlyCollection<EtcdEndpoint>? except = null)
    {
        EtcdEndpoint? best = null;
        TimeSpan least = TimeSpan.MaxValue;
        foreach (EtcdEndpoint endpoint in Endpoints)
        {
            if (except is not null && except.Contains(endpoint))
            {
                continue;
            }

            if (endpoint.IsHealthy)
            {
                return endpoint;
            }

            if (endpoint.Wait < least)
            {
                least = endpoint.Wait;
                best = endpoint;
            }
        }

        return best ?? Endpoints[0];
    }

    public Task<EtcdResult<RangeResponse>> RangeAsync(RangeRequest request, CancellationToken cancellationToken) =>
        CallAsync("v3/kv/range", request, EtcdJson.Default.RangeRequest, EtcdJson.Default.RangeResponse, null, cancellationToken);

    public Task<EtcdResult<TxnResponse>> TxnAsync(TxnRequest request, CancellationToken cancellationToken) =>
        CallAsync("v3/kv/txn", request, EtcdJson.Default.TxnRequest, EtcdJson.Default.TxnResponse, null, cancellationToken);

    public Task<EtcdResult<LeaseResponse>> GrantAsync(TimeSpan ttl, CancellationToken cancellationToken) =>
        CallAsync("v3/lease/grant", new LeaseRequest { Ttl = (long)Math.Ceiling(ttl.TotalSeconds) }, EtcdJson.Default.LeaseRequest, EtcdJson.Default.LeaseResponse, null, cancellationToken);

    /// <summary>How long a lease has to live; a time to live of -1 if it is no more.</summary>
    public Task<EtcdResult<LeaseResponse>> TimeToLiveAsync(long lease, CancellationToken cancellationToken) =>
        CallAsync("v3/lease/timetolive", new LeaseRequest { Id = lease }, EtcdJson.Default.LeaseRequest, EtcdJson.Default.LeaseResponse, null, cancellationToken);

    /// <summary>One beat of a lease; a time to live of 0 if it is no more. The API is a stream, of which a body with one message makes one answer.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="limit">Longest wait for one member, if that is shorter than that for other requests.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<EtcdResult<LeaseResponse>> KeepAliveAsync(long lease, TimeSpan limit, CancellationToken cancellationToken)
    {
        EtcdResult<StreamLine<LeaseResponse>> answer = await CallAsync(
            "v3/lease/keepalive",
            new LeaseRequest { Id = lease },
            EtcdJson.Default.LeaseRequest,
            EtcdJson.Default.StreamLineLeaseResponse,
            limit < _options.RequestTimeout ? limit : null,
            cancellationToken);
        return answer.IsOk ? EtcdResult<LeaseResponse>.Ok(answer.Value.Result!) : EtcdResult<LeaseResponse>.Failed(answer.Failure);
    }

    /// <summary>Looks at every member's health, all at once.</summary>
    /// <returns>Members whose streams were told to move.</returns>
    public async Task<int> LookAsync(CancellationToken cancellationToken)
    {
        bool[] moved = await Task.WhenAll(Endpoints.Select(async endpoint =>
        {
            long began = _time.GetTimestamp();
            EtcdResult<StatusResponse> answer = await SendAsync("v3/maintenance/status", "{}"u8.ToArray(), EtcdJson.Default.StatusResponse, endpoint, authenticated: false, cancellationToken, LookTimeout);

            // One that refuses us, for want of rights, is alive.
            EtcdFailure? failure = answer.Failure is { IsOfEndpoint: true } bad ? bad : null;
            return !cancellationToken.IsCancellationRequested && endpoint.Looked(answer.Value, _time.GetElapsedTime(began), failure);
        }));
        return moved.Count(static m => m);
    }

    /// <summary>Opens a watch. The store has answered, not necessarily with anything yet.</summary>
    public async Task<EtcdResult<WatchStream>> WatchAsync(IEnumerable<WatchCreateRequest> ranges, CancellationToken cancellationToken)
    {
        var body = new ArrayBufferWriter<byte>(512);
        int requests = 0;
        foreach (WatchCreateRequest range in ranges)
        {
            requests++;
            body.Write(JsonSerializer.SerializeToUtf8Bytes(new WatchRequest { CreateRequest = range }, EtcdJson.Default.WatchRequest));
            body.Write("\n"u8);
        }

        if (requests > 1)
        {
            // A Go server discards what is unread of a request when it begins to answer, and the gateway begins after the first message; unless more than it
            // would read is unread. So blanks follow, and by the time few enough are left the messages have been read.
            body.GetSpan(Padding)[..Padding].Fill((byte)' ');
            body.Advance(Padding);
        }

        byte[] content = body.WrittenSpan.ToArray();
        var tried = new List<EtcdEndpoint>();
        EtcdFailure? last = null;
        for (int attempt = 0; attempt <= Endpoints.Length && !cancellationToken.IsCancellationRequested; attempt++)
        {
            EtcdEndpoint endpoint = Choose(tried);
            CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, endpoint.Down);
            HttpResponseMessage? response = null;
            EtcdConnections? used = null;
            try
            {
                using var timeout = new CancellationTokenSource(_options.RequestTimeout, _time);
                using var both = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, timeout.Token);
                if (await PrepareAsync(endpoint, both.Token) is { } failure)
                {
                    last = failure;
                }
                else
                {
                    string? token = _token;
                    using HttpRequestMessage request = Request(endpoint, "v3/watch", content, token);

                    // A member that lost its leader has to say so instead of saying nothing.
                    request.Headers.TryAddWithoutValidation("Grpc-Metadata-hasleader", "true");
                    used = Connections();
                    response = await used.SendAsync(request, both.Token);
                    if (response.IsSuccessStatusCode)
                    {
                        var stream = new WatchStream(endpoint, response, await response.Content.ReadAsStreamAsync(both.Token), stop, _options.WatchSilence, cancellationToken);
                        response = null;
                        stop = null!;
                        return EtcdResult<WatchStream>.Ok(stream);
                    }

                    last = await ErrorOf(response, endpoint, both.Token);
                    ForgetToken(last, token);
                }
            }
            catch (Exception error)
            {
                last = Failed(error, used, endpoint, cancellationToken);
            }
            finally
            {
                response?.Dispose();
                stop?.Dispose();
            }

            if (!NextEndpoint(endpoint, last, tried, attempt))
            {
                break;
            }
        }

        return EtcdResult<WatchStream>.Failed(last ?? new EtcdFailure(EtcdFailureKind.Cancelled, "told to stop"));
    }

    public void Dispose()
    {
        _disposed.Cancel();
        _connections?.Dispose();
        _disposed.Dispose();
        _authenticating.Dispose();
        Array.ForEach(Endpoints, static e => e.Dispose());
    }

    private async Task<EtcdResult<TResponse>> CallAsync<TRequest, TResponse>(
        string path, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TResponse> responseType, TimeSpan? limit, CancellationToken cancellationToken)
        where TResponse : class
    {
        byte[] content = JsonSerializer.SerializeToUtf8Bytes(request, requestType);
        var tried = new List<EtcdEndpoint>();
        EtcdFailure? last = null;
        for (int attempt = 0; attempt <= Endpoints.Length && !cancellationToken.IsCancellationRequested; attempt++)
        {
            EtcdEndpoint endpoint = Choose(tried);
            long began = _time.GetTimestamp();
            EtcdResult<TResponse> answer = await SendAsync(path, content, responseType, endpoint, authenticated: true, cancellationToken, limit);
            if (answer.IsOk)
            {
                endpoint.Succeeded(_time.GetElapsedTime(began));
                return answer;
            }

            last = answer.Failure;
            if (!NextEndpoint(endpoint, last, tried, attempt))
            {
                break;
            }
        }

        return EtcdResult<TResponse>.Failed(last ?? new EtcdFailure(EtcdFailureKind.Cancelled, "told to stop"));
    }

    /// <summary>Notes a failure; true if it is worth another attempt, at another member or with another token.</summary>
    private bool NextEndpoint(EtcdEndpoint endpoint, EtcdFailure failure, List<EtcdEndpoint> tried, int attempt)
    {
        if (failure.Kind == EtcdFailureKind.Unauthenticated)
        {
            // Tokens end; a new one is asked for once.
            return attempt == 0 && _options.Username is not null;
        }

        if (!failure.IsOfEndpoint)
        {
            return false;
        }

        endpoint.Failed(failure);
        tried.Add(endpoint);
        return tried.Count < Endpoints.Length;
    }

    private async Task<EtcdResult<TResponse>> SendAsync<TResponse>(
        string path, byte[] content, JsonTypeInfo<TResponse> type, EtcdEndpoint endpoint, bool authenticated, CancellationToken cancellationToken, TimeSpan? limit = null)
        where TResponse : class
    {
        using var timeout = new CancellationTokenSource(limit ?? _options.RequestTimeout, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        EtcdConnections? used = null;
        try
        {
            if ((authenticated ? await PrepareAsync(endpoint, both.Token) : PrepareTls(endpoint)) is { } failure)
            {
                return EtcdResult<TResponse>.Failed(failure);
            }

            string? token = _token;
            Interlocked.Increment(ref _requests);
            using HttpRequestMessage request = Request(endpoint, path, content, token);
            used = Connections();
            using HttpResponseMessage response = await used.SendAsync(request, both.Token);
            if (!response.IsSuccessStatusCode)
            {
                EtcdFailure bad = await ErrorOf(response, endpoint, both.Token);
                ForgetToken(bad, token);
                return EtcdResult<TResponse>.Failed(bad);
            }

            (byte[] buffer, int length) = await ReadAsync(response, AnswerLimit, both.Token);
            try
            {
                return length < 0
                    ? EtcdResult<TResponse>.Failed(new EtcdFailure(EtcdFailureKind.ResponseTooLarge, $"an answer of more than {AnswerLimit} octets", endpoint.Name))
                    : JsonSerializer.Deserialize(buffer.AsSpan(0, length), type) switch
                    {
                        null => EtcdResult<TResponse>.Failed(new EtcdFailure(EtcdFailureKind.BadResponse, "the answer is null", endpoint.Name)),
                        IStreamLine { Error: { } error } => EtcdResult<TResponse>.Failed(EtcdErrors.Of(200, error, endpoint.Name)),
                        IStreamLine { HasResult: false } => EtcdResult<TResponse>.Failed(new EtcdFailure(EtcdFailureKind.BadResponse, "an answer without a result", endpoint.Name)),
                        { } value => EtcdResult<TResponse>.Ok(value),
                    };
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
        catch (Exception error)
        {
            return EtcdResult<TResponse>.Failed(Failed(error, used, endpoint, cancellationToken));
        }
    }

    /// <summary>What was thrown as a failure. One of TLS makes the files be read anew.</summary>
    private EtcdFailure Failed(Exception error, EtcdConnections? used, EtcdEndpoint endpoint, CancellationToken cancellationToken)
    {
        EtcdFailure failure = EtcdErrors.Of(error, cancellationToken.IsCancellationRequested, endpoint.Name);
        if (failure.Kind == EtcdFailureKind.Tls)
        {
            Forget(used);
        }

        return failure;
    }

    /// <summary>The body in a rented buffer; a length of -1 if it is longer than the limit.</summary>
    private static async Task<(byte[] Buffer, int Length)> ReadAsync(HttpResponseMessage response, int limit, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(response.Content.Headers.ContentLength ?? 0, 16 * 1024, limit));
        int length = 0;
        try
        {
            await using Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            while (true)
            {
                int read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
                length += read;
                if (read == 0)
                {
                    return (buffer, length);
                }

                if (length > limit)
                {
                    return (buffer, -1);
                }

                if (length == buffer.Length)
                {
                    byte[] larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                    Buffer.BlockCopy(buffer, 0, larger, 0, length);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    private static HttpRequestMessage Request(EtcdEndpoint endpoint, string path, byte[] content, string? token)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(endpoint.Address, path)) { Content = new ByteArrayContent(content) };
        request.Content.Headers.ContentType = Json;
        if (token is not null)
        {
            _ = request.Headers.TryAddWithoutValidation("Authorization", token);
        }

        return request;
    }

    private static async Task<EtcdFailure> ErrorOf(HttpResponseMessage response, EtcdEndpoint endpoint, CancellationToken cancellationToken)
    {
        const int Limit = 64 * 1024;
        (byte[] buffer, int length) = await ReadAsync(response, Limit, cancellationToken);
        ErrorResponse? error = null;
        try
        {
            error = length > 0 ? JsonSerializer.Deserialize(buffer.AsSpan(0, length), EtcdJson.Default.ErrorResponse) : null;
        }
        catch (JsonException)
        {
            // Not of the gateway: the status says what there is to say.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return EtcdErrors.Of((int)response.StatusCode, error, endpoint.Name);
    }
}
