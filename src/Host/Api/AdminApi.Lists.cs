using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Overlay.Host.Api;

/// <content>Long answers, a page at a time: <c>{ "NAME": [ … ], "truncated": false }</c>, as the contract of each has it.</content>
internal sealed partial class AdminApi
{
    private async Task WriteListAsync<T>(HttpContext http, string name, Listing<T> listing, JsonTypeInfo<T> type, Action<Utf8JsonWriter>? writeMore = null)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.Headers.CacheControl = "no-store";
        if (http.Request.Method == "HEAD")
        {
            return;
        }

        // The first page is asked for before anything is written: what fails then is answered as an error.
        using var ending = new StreamEnd(http, lifetime);
        await using var pages = listing.Pages.GetAsyncEnumerator(ending.Token);
        var hasPage = await pages.MoveNextAsync();
        try
        {
            var body = http.Response.BodyWriter;
            await using var json = new Utf8JsonWriter(body);
            json.WriteStartObject();
            json.WriteStartArray(name);
            for (; hasPage; hasPage = await pages.MoveNextAsync())
            {
                foreach (var row in pages.Current)
                {
                    JsonSerializer.Serialize(json, row, type);
                }

                await json.FlushAsync(ending.Token);
                await body.FlushAsync(ending.Token);
            }

            json.WriteEndArray();
            writeMore?.Invoke(json);
            json.WriteBoolean("truncated", listing.IsTruncated());
            json.WriteEndObject();
        }
        catch when (http.Response.HasStarted)
        {
            // Half an answer must not look like a whole one.
            http.Abort();
            throw;
        }
    }
}
