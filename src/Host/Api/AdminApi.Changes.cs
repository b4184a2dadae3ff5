using System.Text.Json;
using Overlay.Api;
using Overlay.Encap;
using Overlay.Host.Configuration;
using Overlay.Host.Configuration.Changes;

namespace Overlay.Host.Api;

/// <content>Changes of the configuration at run time.</content>
internal sealed partial class AdminApi
{
    // A VLAN map in a port in a body is three deep; nothing of a configuration is deeper than the reader of files allows.
    private static readonly JsonDocumentOptions BodyOptions = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    private async Task ReplaceAsync(HttpContext http)
    {
        if (await OptionsAsync(http) is not var (ifMatch, save, isDry) || await ReadTextAsync(http) is not { } text)
        {
            return;
        }

        if (ifMatch is null && !isDry)
        {
            await FailAsync(
                http, 428, "precondition_required", "If-Match: required, so that no other operator's change is overwritten unseen: the ETag of GET /v1/config, or *. Next: overlayctl config apply FILE", "If-Match");
            return;
        }

        if (text.AsSpan().ContainsAny(ConfigurationText.Forbidden))
        {
            await FailAsync(http, 400, "bad_request", "the body is not text: it has control characters");
            return;
        }

        await AnswerAsync(http, new ChangeRequest("config apply", _ => new EditResult(text), ifMatch, save, isDry, IsWhole: true));
    }

    private async Task DiffAsync(HttpContext http)
    {
        var answer = await backend.DiffAsync();
        http.Response.Headers.ETag = $"\"{answer.Etag}\"";
        await WriteAsync(http, answer, ApiJsonContext.Default.ConfigDiffResponse);
    }

    private async Task SaveAsync(HttpContext http)
    {
        if (await FlagAsync(http, "force") is { } force && IfMatch(http, out var ifMatch) is var isRead)
        {
            await (isRead ? WriteAsync(http, await backend.SaveAsync(ifMatch, force)) : BadMatchAsync(http));
        }
    }

    private async Task AddAsync(HttpContext http, string kind, Func<string, JsonElement, EditResult> add)
    {
        if (await OptionsAsync(http) is not var (ifMatch, save, isDry) || await ReadTextAsync(http) is not { } text)
        {
            return;
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(text, BodyOptions);
        }
        catch (JsonException error)
        {
            await FailAsync(http, 400, "bad_request", $"the body is not JSON as it is taken here (line {error.LineNumber + 1}): an object without duplicate keys, at most {BodyOptions.MaxDepth} deep");
            return;
        }

        using (document)
        {
            var body = document.RootElement;
            if (body.ValueKind != JsonValueKind.Object)
            {
                await FailAsync(http, 400, "bad_request", "the body is not an object: expected the keys of the configuration, such as {\"name\": \"web\", \"tap\": \"tap-web\"}");
                return;
            }

            if (!IsText(body))
            {
                await FailAsync(http, 400, "bad_request", "the body has a text that is no Unicode: half of a surrogate pair");
                return;
            }

            var key = kind == "mac" ? "mac" : "name";
            var name = body.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "?";
            await AnswerAsync(http, new ChangeRequest($"{kind} add {KeyPath.Printable(name)}", before => add(before, body), ifMatch, save, isDry));
        }
    }

    // \ud800 alone is JSON, but no text.
    private static bool IsText(JsonElement value)
    {
        try
        {
            return value.ValueKind switch
            {
                JsonValueKind.Object => value.EnumerateObject().All(property => property.Name is not null && IsText(property.Value)),
                JsonValueKind.Array => value.EnumerateArray().All(IsText),
                JsonValueKind.String => value.GetString() is not null,
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private async Task RemovePortAsync(HttpContext http)
    {
        if (await OptionsAsync(http) is var (ifMatch, save, isDry) && await NameAsync(http, "port") is { } name)
        {
            await AnswerAsync(http, new ChangeRequest($"port del {KeyPath.Printable(name)}", text => ConfigurationEdit.RemovePort(text, name), ifMatch, save, isDry));
        }
    }

    private async Task RemovePeerAsync(HttpContext http)
    {
        if (await OptionsAsync(http) is var (ifMatch, save, isDry) && await FlagAsync(http, "with_macs") is { } withMacs && await NameAsync(http, "peer") is { } name)
        {
            await AnswerAsync(http, new ChangeRequest($"peer del {KeyPath.Printable(name)}", text => ConfigurationEdit.RemovePeer(text, name, withMacs), ifMatch, save, isDry, Shifts: withMacs ? ["peers", "macs"] : ["peers"]));
        }
    }

    private async Task RemoveMacAsync(HttpContext http)
    {
        if (await OptionsAsync(http) is not var (ifMatch, save, isDry))
        {
            return;
        }

        if (!TryVni(http, required: true, out var vni, out var fault))
        {
            await FailAsync(http, 400, "bad_request", fault, "vni");
        }
        else if (!MacAddress.TryParse(http.Request.Query["mac"].ToString(), out var mac))
        {
            await FailAsync(http, 400, "bad_request", "mac: expected a MAC such as 02:00:00:00:00:02", "mac");
        }
        else
        {
            await AnswerAsync(http, new ChangeRequest($"mac del {mac} --vni {vni}", text => ConfigurationEdit.RemoveMac(text, vni!.Value, mac), ifMatch, save, isDry, Shifts: ["macs"]));
        }
    }

    private async Task AnswerAsync(HttpContext http, ChangeRequest request) => await WriteAsync(http, await backend.ChangeAsync(request));

    private static Task WriteAsync(HttpContext http, ChangeOutcome outcome)
    {
        if (outcome.Answer is not { } answer)
        {
            return WriteAsync(http, outcome.Error!, ApiJsonContext.Default.ErrorResponse, outcome.Status);
        }

        http.Response.Headers.ETag = $"\"{answer.Etag}\"";
        return WriteAsync(http, answer, ApiJsonContext.Default.ConfigChangeResponse);
    }

    // What every change takes; null if it was answered.
    private static async Task<(string? IfMatch, bool Save, bool IsDry)?> OptionsAsync(HttpContext http)
    {
        if (!IfMatch(http, out var ifMatch))
        {
            await BadMatchAsync(http);
            return null;
        }

        return await FlagAsync(http, "save") is { } save && await FlagAsync(http, "dry_run") is { } isDry ? (ifMatch, save, isDry) : null;
    }

    private static Task BadMatchAsync(HttpContext http) =>
        FailAsync(http, 400, "bad_request", "If-Match: expected one ETag of GET /v1/config, a revision, or *", "If-Match");

    // Quoted as the standard has it, or bare as people write it.
    private static bool IfMatch(HttpContext http, out string? ifMatch)
    {
        ifMatch = null;
        var header = http.Request.Headers.IfMatch;
        if (header.Count == 0)
        {
            return true;
        }

        var text = header.ToString().Trim();
        text = text.Length >= 2 && text[0] == '"' && text[^1] == '"' ? text[1..^1] : text;
        ifMatch = text;
        return header.Count == 1 && text.Length is > 0 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '*');
    }

    // Null if it was answered. One that is there and empty is a variable that a script has not set.
    private static async Task<bool?> FlagAsync(HttpContext http, string key)
    {
        if (!http.Request.Query.TryGetValue(key, out var text))
        {
            return false;
        }

        if (text.ToString() is "true" or "false")
        {
            return text == "true";
        }

        await FailAsync(http, 400, "bad_request", $"{key}: expected true or false", key);
        return null;
    }

    private static async Task<string?> NameAsync(HttpContext http, string what)
    {
        var name = http.Request.Query["name"];
        if (name.Count == 1 && name.ToString() is { Length: > 0 and <= MaxNameLength } text)
        {
            return text;
        }

        await FailAsync(http, 400, "bad_request", $"name: expected the name of a {what}", "name");
        return null;
    }
}
