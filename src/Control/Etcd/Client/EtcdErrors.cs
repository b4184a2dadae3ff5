using System.Security.Authentication;
using System.Text.Json;

namespace Overlay.Control.Etcd.Client;

/// <summary>Turns what the network throws and what the store answers into failures.</summary>
internal static class EtcdErrors
{
    /// <summary>An error answer: the gRPC code decides, and where one code has several meanings, the text (rpctypes/error.go of etcd 3.4).</summary>
    public static EtcdFailure Of(int httpStatus, ErrorResponse? body, string endpoint)
    {
        // Paths that answer with a stream have all of it one deeper.
        if (body?.Error is { ValueKind: JsonValueKind.Object } deeper && deeper.Deserialize(EtcdJson.Default.ErrorResponse) is { } inner)
        {
            body = body with { Message = inner.Message ?? body.Message, Code = inner.Code != 0 ? inner.Code : body.Code, GrpcCode = inner.GrpcCode };
        }

        string text = Line(TextOf(body) ?? $"HTTP {httpStatus}");
        int code = body switch
        {
            null => -1,
            { GrpcCode: not 0 } => body.GrpcCode,
            _ => body.Code,
        };
        return new EtcdFailure(KindOf(code, httpStatus, text), text, endpoint);
    }

    /// <summary>Why the store ended a watch, in its words: it gives no code, only the text of an error with one in it.</summary>
    public static EtcdFailure OfCancelled(string? reason, string endpoint)
    {
        string text = Line(reason is { Length: > 0 } ? reason : "without a reason");
        bool Says(string what) => text.Contains(what, StringComparison.OrdinalIgnoreCase);
        EtcdFailureKind kind = Says("permission denied") ? EtcdFailureKind.PermissionDenied
            : Says("invalid auth token") || Says("auth store is old") || Says("revision in header is old") ? EtcdFailureKind.Unauthenticated
            : EtcdFailureKind.Unavailable;
        return new EtcdFailure(kind, $"the store ended the watch: {text}", endpoint);
    }

    public static EtcdFailure Of(Exception error, bool isCancelled, string endpoint)
    {
        if (isCancelled)
        {
            return new EtcdFailure(EtcdFailureKind.Cancelled, "told to stop", endpoint);
        }

        string text = Line(Innermost(error));
        return error switch
        {
            JsonException or FormatException => new EtcdFailure(EtcdFailureKind.BadResponse, text, endpoint),
            OperationCanceledException or TimeoutException => new EtcdFailure(EtcdFailureKind.Timeout, "no answer in time", endpoint),
            _ when IsTls(error) => new EtcdFailure(EtcdFailureKind.Tls, text, endpoint),
            HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => new EtcdFailure(EtcdFailureKind.ResponseTooLarge, text, endpoint),
            HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } => new EtcdFailure(EtcdFailureKind.BadResponse, text, endpoint),
            _ => new EtcdFailure(EtcdFailureKind.Unreachable, text, endpoint),
        };
    }

    /// <summary>One line, without control characters, of bounded length: it goes to logs and terminals, and others may have written it.</summary>
    public static string Line(string text)
    {
        string line = string.Create(Math.Min(text.Length, EtcdFailure.MessageLimit), text, static (span, from) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = char.IsControl(from[i]) || char.IsSurrogate(from[i]) ? ' ' : from[i];
            }
        });
        return line.Trim();
    }

    private static EtcdFailureKind KindOf(int code, int httpStatus, string text)
    {
        bool Says(string what) => text.Contains(what, StringComparison.OrdinalIgnoreCase);
        return code switch
        {
            1 or 4 or 14 => EtcdFailureKind.Unavailable,
            3 when Says("too large") || Says("too many operations") => EtcdFailureKind.TooLarge,
            2 or 3 or 13 when Says("auth store is old") || Says("revision in header is old") || Says("invalid auth token") => EtcdFailureKind.Unauthenticated,
            3 when Says("user name") || Says("authentication failed") => EtcdFailureKind.Unauthenticated,
            5 when Says("lease not found") => EtcdFailureKind.LeaseNotFound,
            7 => EtcdFailureKind.PermissionDenied,
            8 when Says("space exceeded") => EtcdFailureKind.NoSpace,
            8 when Says("larger than max") => EtcdFailureKind.TooLarge,
            8 => EtcdFailureKind.Unavailable,
            11 when Says("compacted") => EtcdFailureKind.Compacted,
            11 when Says("future") => EtcdFailureKind.FutureRevision,
            16 => EtcdFailureKind.Unauthenticated,
            2 or 13 when Says("leader") || Says("stopped") || Says("timed out") || Says("unavailable") || Says("EOF") || Says("canceled") => EtcdFailureKind.Unavailable,
            0 or -1 => httpStatus switch
            {
                401 => EtcdFailureKind.Unauthenticated,
                403 => EtcdFailureKind.PermissionDenied,
                500 or 502 or 503 or 504 => EtcdFailureKind.Unavailable,
                _ => EtcdFailureKind.BadResponse,
            },
            _ => EtcdFailureKind.Refused,
        };
    }

    private static string? TextOf(ErrorResponse? body) => body switch
    {
        null => null,
        { Message: { Length: > 0 } message } => message,
        { Error: { ValueKind: JsonValueKind.String } error } => Text(error),
        _ => null,
    };

    private static string? Text(JsonElement error)
    {
        try
        {
            return error.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, written as an escape: no text.
            return null;
        }
    }

    private static string Innermost(Exception error)
    {
        while (error.InnerException is { } inner && error is not AuthenticationException)
        {
            error = inner;
        }

        return error.Message;
    }

    private static bool IsTls(Exception error)
    {
        for (Exception? at = error; at is not null; at = at.InnerException)
        {
            // What a peer says with an alert after the handshake (TLS 1.3: our certificate is missing or refused) comes as an exception of a private type.
            if (at is AuthenticationException or HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } or System.Security.Cryptography.CryptographicException ||
                at.GetType().Name.Contains("Ssl", StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}
