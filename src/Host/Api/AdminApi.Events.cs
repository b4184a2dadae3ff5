using System.Buffers;
using System.Text.Json;
using Overlay.Api;
using Overlay.Host.Configuration;
using Overlay.Host.Events;

namespace Overlay.Host.Api;

/// <content>Server-sent events (the HTML standard, §9.2): what happened, and what happens.</content>
internal sealed partial class AdminApi
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan MaxSince = TimeSpan.FromDays(30);

    private async Task EventsAsync(HttpContext http)
    {
        if (!TrySince(http, out var since))
        {
            await FailAsync(http, 400, "bad_request", "since: expected a duration with a unit, such as 30s, 5m or 2h", "since");
            return;
        }

        var follows = true;
        if (http.Request.Query.ContainsKey("follow"))
        {
            if (await FlagAsync(http, "follow") is not { } follow)
            {
                return;
            }

            follows = follow;
        }

        var last = http.Request.Headers["Last-Event-ID"] is { Count: > 0 } header ? header.ToString() : Name(http, "last_event_id");
        if (last is { Length: 0 or > 64 })
        {
            await FailAsync(http, 400, "bad_request", "Last-Event-ID: expected the id of an event", "last_event_id");
            return;
        }

        if (!follows && last is null && since is null)
        {
            since = MaxSince;
        }

        using var client = events.Subscribe(last, since);
        if (client is null)
        {
            http.Response.Headers.RetryAfter = "5";
            await FailAsync(http, 503, "too_many_clients", $"{EventLog.MaxClients} clients listen to events already: end one. Next: ss -xp | grep overlayd");
            return;
        }

        await StreamAsync(http, client, follows);
    }

    private async Task StreamAsync(HttpContext http, EventSubscription client, bool follows)
    {
        using var ending = new StreamEnd(http, lifetime);
        var end = ending.Token;
        http.Response.ContentType = "text/event-stream; charset=utf-8";
        http.Response.Headers.CacheControl = "no-store";
        if (http.Request.Method == "HEAD")
        {
            return;
        }

        var body = http.Response.BodyWriter;
        body.Write("retry: 2000\n\n"u8);
        foreach (var @event in client.Backlog)
        {
            Write(body, @event);
        }

        await body.FlushAsync(end);
        if (!follows)
        {
            return;
        }

        var waiting = client.Events.WaitToReadAsync(end).AsTask();
        while (true)
        {
            using (var heartbeat = CancellationTokenSource.CreateLinkedTokenSource(end))
            {
                if (await Task.WhenAny(waiting, Task.Delay(Heartbeat, heartbeat.Token)) != waiting)
                {
                    body.Write(": alive\n\n"u8);
                    await body.FlushAsync(end);
                    continue;
                }

                await heartbeat.CancelAsync();
            }

            if (!await waiting)
            {
                break;
            }

            while (client.Events.TryRead(out var @event))
            {
                Write(body, @event);
                await body.FlushAsync(end);
            }

            waiting = client.Events.WaitToReadAsync(end).AsTask();
        }

        if (client.Lost > 0)
        {
            // Without an id: the client's last one stays the last that it really has, and it can resume there.
            Write(body, events.Lost(client.Lost));
            await body.FlushAsync(end);
        }
    }

    // JSON has no line breaks of its own, so an event is one line of data.
    private static void Write(System.IO.Pipelines.PipeWriter body, EventInfo @event)
    {
        if (@event.Id.Length > 0)
        {
            body.Write(StrictUtf8.GetBytes($"id: {@event.Id}\n"));
        }

        body.Write(StrictUtf8.GetBytes($"event: {@event.Event}\ndata: "));
        body.Write(JsonSerializer.SerializeToUtf8Bytes(@event, ApiJsonContext.Default.EventInfo));
        body.Write("\n\n"u8);
    }

    private static bool TrySince(HttpContext http, out TimeSpan? since)
    {
        since = null;
        if (!http.Request.Query.TryGetValue("since", out var text))
        {
            return true;
        }

        if (!Scalars.TryDuration(text.ToString(), out var value) || value > MaxSince)
        {
            return false;
        }

        since = value;
        return true;
    }
}
