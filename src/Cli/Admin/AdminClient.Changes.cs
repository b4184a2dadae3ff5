using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Admin;

/// <content>Requests with a body, and the stream of events.</content>
internal sealed partial class AdminClient
{
    public Task<AdminReply> PostAsync(string resource, string json, string? ifMatch, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Post, resource, new StringContent(json, Encoding.UTF8, "application/json"), ifMatch, cancellation);

    public Task<AdminReply> DeleteAsync(string resource, string? ifMatch, CancellationToken cancellation) => SendAsync(HttpMethod.Delete, resource, null, ifMatch, cancellation);

    public Task<AdminReply> PutAsync(string resource, string yaml, string? ifMatch, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Put, resource, new StringContent(yaml, Encoding.UTF8, "application/yaml"), ifMatch, cancellation);

    /// <summary>Begins a stream of events.</summary>
    /// <returns>The stream, to be disposed; or why there is none.</returns>
    public async Task<(HttpResponseMessage? Stream, Failure? Failure)> OpenEventsAsync(string resource, string? lastId, CancellationToken cancellation)
    {
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Get, new Uri(resource, UriKind.Relative));
            if (lastId is not null) request.Headers.TryAddWithoutValidation("Last-Event-ID", lastId);
            HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (response.IsSuccessStatusCode) return (response, null);
            using (response) return (null, Explain(new AdminReply((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellation), null)));
        }
        catch (HttpRequestException e)
        {
            return (null, Describe(e));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (null, Silent());
        }
    }

    /// <summary>The events of a stream: id (null where it has none of its own) and JSON. Ends when the daemon ends it, or the connection.</summary>
    public static async IAsyncEnumerable<(string? Id, string Json)> ReadEventsAsync(HttpResponseMessage stream, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using Stream body = await stream.Content.ReadAsStreamAsync(cancellation);
        await using IAsyncEnumerator<SseItem<string>> items = SseParser.Create(body).EnumerateAsync(cancellation).GetAsyncEnumerator(cancellation);
        while (true)
        {
            try
            {
                if (!await items.MoveNextAsync()) yield break;
            }
            catch (Exception e) when (e is IOException or HttpRequestException)
            {
                yield break;
            }

            yield return (items.Current.EventId, items.Current.Data);
        }
    }

    /// <summary>A path with parameters; those without a value are left out.</summary>
    public static string Resource(string path, params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        StringBuilder resource = new(path);
        char sign = '?';
        foreach ((string name, string? value) in parameters)
        {
            if (value is null) continue;
            resource.Append(sign).Append(name).Append('=').Append(Uri.EscapeDataString(value));
            sign = '&';
        }

        return resource.ToString();
    }
}
