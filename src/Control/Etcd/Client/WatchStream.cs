using System.Text.Json;

namespace Overlay.Control.Etcd.Client;

/// <summary>An open watch: one connection, one or more ranges. <b>Threading:</b> one reader. <b>Ownership:</b> whoever opened it disposes it.</summary>
internal sealed class WatchStream : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly LineReader _lines;
    private readonly CancellationTokenSource _stop;
    private readonly TimeSpan _silence;
    private readonly CancellationToken _outer;

    public WatchStream(EtcdEndpoint endpoint, HttpResponseMessage response, Stream stream, CancellationTokenSource stop, TimeSpan silence, CancellationToken outer)
    {
        Endpoint = endpoint;
        _response = response;
        _lines = new LineReader(stream, EtcdClient.LineLimit);
        _stop = stop;
        _silence = silence;
        _outer = outer;
    }

    public EtcdEndpoint Endpoint { get; }

    /// <summary>Waits for the next response, for as long as the store may be silent. What ends the stream is a failure.</summary>
    public async ValueTask<EtcdResult<WatchResponse>> ReadAsync()
    {
        try
        {
            // Of ranges in which nothing happens the store says so from time to time; one that says nothing at all is not there.
            _stop.CancelAfter(_silence);
            if (await _lines.ReadAsync(_stop.Token) is not { } line)
            {
                return Failed(EtcdFailureKind.Unreachable, "the stream ended");
            }

            StreamLine<WatchResponse>? parsed = JsonSerializer.Deserialize(line.Span, EtcdJson.Default.StreamLineWatchResponse);
            if (parsed?.Error is { } error)
            {
                return EtcdResult<WatchResponse>.Failed(EtcdErrors.Of(200, error, Endpoint.Name));
            }

            return parsed?.Result is { } result ? EtcdResult<WatchResponse>.Ok(result) : Failed(EtcdFailureKind.BadResponse, "a line of the stream has neither result nor error");
        }
        catch (LineTooLongException)
        {
            return Failed(EtcdFailureKind.ResponseTooLarge, $"a line of the stream is longer than {EtcdClient.LineLimit} octets");
        }
        catch (OperationCanceledException) when (!_outer.IsCancellationRequested)
        {
            return Failed(EtcdFailureKind.Timeout, "the member does not answer any more");
        }
        catch (Exception error)
        {
            return EtcdResult<WatchResponse>.Failed(EtcdErrors.Of(error, _outer.IsCancellationRequested, Endpoint.Name));
        }
    }

    public void Dispose()
    {
        _response.Dispose();
        _stop.Dispose();
    }

    private EtcdResult<WatchResponse> Failed(EtcdFailureKind kind, string message) => EtcdResult<WatchResponse>.Failed(new EtcdFailure(kind, message, Endpoint.Name));
}
