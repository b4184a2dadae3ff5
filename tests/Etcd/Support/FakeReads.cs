using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Overlay.Control.Etcd.Tests.Support;

/// <summary>Answers what is asked for misses at a <see cref="FakeGateway"/>: keys read in a transaction. What is written is taken as an empty store takes it.</summary>
internal sealed class FakeReads
{
    private volatile TaskCompletionSource? _hold;

    public FakeReads(FakeGateway gateway)
    {
        gateway.Instead["/v3/kv/txn"] = AnswerAsync;
    }

    /// <summary>What keys hold.</summary>
    public ConcurrentDictionary<string, string> Values { get; } = [];

    /// <summary>Keys that were asked for, in order.</summary>
    public ConcurrentQueue<string> Asked { get; } = [];

    /// <summary>Reads fail as without a leader.</summary>
    public bool IsFailing { get; set; }

    /// <summary>Reads wait until they are let go.</summary>
    public void Hold() => _hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void LetGo() => _hold?.SetResult();

    private async Task AnswerAsync(HttpContext http, string body)
    {
        using var request = JsonDocument.Parse(body);
        JsonElement[] success = request.RootElement.TryGetProperty("success", out JsonElement ops) ? [.. ops.EnumerateArray()] : [];
        if (success.Length == 0 || !success[0].TryGetProperty("request_range", out _))
        {
            await FakeGateway.DefaultAsync(http, body);
            return;
        }

        string[] keys = [.. success.Select(static o => Encoding.UTF8.GetString(o.GetProperty("request_range").GetProperty("key").GetBytesFromBase64()))];
        Array.ForEach(keys, Asked.Enqueue);
        if (_hold is { } hold)
        {
            await hold.Task;
        }

        if (IsFailing)
        {
            http.Response.StatusCode = 503;
            await FakeGateway.SayAsync(http, "{\"message\":\"etcdserver: no leader\",\"code\":14}");
            return;
        }

        IEnumerable<string> ranges = keys.Select(key => !Values.TryGetValue(key, out string? value)
            ? "{\"response_range\":{}}"
            : $"{{\"response_range\":{{\"kvs\":[{{\"key\":\"{Base64(key)}\",\"value\":\"{Base64(value)}\",\"mod_revision\":\"4\"}}]}}}}");
        await FakeGateway.SayAsync(http, $"{{\"header\":{{\"cluster_id\":\"1\",\"revision\":\"5\"}},\"succeeded\":true,\"responses\":[{string.Join(',', ranges)}]}}");
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
