using System.Text.Json;

namespace Overlay.Control.Etcd.Client;

/// <content>Connections, TLS, and who we are.</content>
internal sealed partial class EtcdClient
{
    private const int PasswordLimit = 4096;

    /// <summary>Connections and a token, if there are to be any; what is in the way, or null.</summary>
    private async Task<EtcdFailure?> PrepareAsync(EtcdEndpoint endpoint, CancellationToken cancellationToken)
    {
        if (PrepareTls(endpoint) is { } failure)
        {
            return failure;
        }

        return _options.Username is null || _token is not null ? null : await AuthenticateAsync(endpoint, cancellationToken);
    }

    private EtcdFailure? PrepareTls(EtcdEndpoint endpoint)
    {
        lock (_gate)
        {
            if (_connections is not null)
            {
                return null;
            }

            _tlsFailure = null;
            try
            {
                _connections = new EtcdConnections(_options, Array.Exists(Endpoints, static e => e.Address.Scheme == Uri.UriSchemeHttps) ? EtcdTls.Read(_options.Tls) : null);
                return null;
            }
            catch (Exception error)
            {
                // A file that is wrong or away: the next attempt reads it anew.
                _tlsFailure = new EtcdFailure(EtcdFailureKind.Tls, EtcdErrors.Line(error.Message), endpoint.Name);
                return _tlsFailure;
            }
        }
    }

    private EtcdConnections Connections()
    {
        lock (_gate)
        {
            return _connections ?? throw new HttpRequestException(HttpRequestError.SecureConnectionError, _tlsFailure?.Message ?? "connections are being made anew");
        }
    }

    /// <summary>TLS failed at one of these: new connections, with what the files say then. Requests under way on the old ones end by themselves, in their time.</summary>
    private void Forget(EtcdConnections? used)
    {
        lock (_gate)
        {
            if (used is null || _connections != used)
            {
                return;
            }

            _connections = null;
        }

        _ = DisposeLaterAsync(used);
    }

    private async Task DisposeLaterAsync(EtcdConnections old)
    {
        try
        {
            await Task.Delay(_options.RequestTimeout + _options.ConnectTimeout, _time, _disposed.Token);
        }
        catch (OperationCanceledException)
        {
            // The plane ends; so does the wait.
        }

        old.Dispose();
    }

    private void ForgetToken(EtcdFailure failure, string? used)
    {
        if (failure.Kind == EtcdFailureKind.Unauthenticated && ReferenceEquals(_token, used))
        {
            _token = null;
        }
    }

    private async Task<EtcdFailure?> AuthenticateAsync(EtcdEndpoint endpoint, CancellationToken cancellationToken)
    {
        await _authenticating.WaitAsync(cancellationToken);
        try
        {
            if (_token is not null)
            {
                return null;
            }

            string password = _options.Password ?? string.Empty;
            if (_options.PasswordFile is { } file)
            {
                try
                {
                    using var reader = new StreamReader(file);
                    var text = new char[PasswordLimit];
                    int length = await reader.ReadBlockAsync(text, cancellationToken);
                    int end = text.AsSpan(0, length).IndexOfAny('\r', '\n');
                    password = new string(text, 0, end < 0 ? length : end);
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    return new EtcdFailure(EtcdFailureKind.Unauthenticated, EtcdErrors.Line($"the password file cannot be read: {error.Message}"), endpoint.Name);
                }
            }

            byte[] content = JsonSerializer.SerializeToUtf8Bytes(new AuthRequest { Name = _options.Username!, Password = password }, EtcdJson.Default.AuthRequest);
            EtcdResult<AuthResponse> answer = await SendAsync("v3/auth/authenticate", content, EtcdJson.Default.AuthResponse, endpoint, authenticated: false, cancellationToken);
            if (answer.IsOk)
            {
                _token = answer.Value.Token;
                return _token is { Length: > 0 } ? null : new EtcdFailure(EtcdFailureKind.BadResponse, "authenticated without a token", endpoint.Name);
            }

            // Without authentication in the store everybody may do everything; a token is not asked for then.
            if (answer.Failure.Kind == EtcdFailureKind.Refused && answer.Failure.Message.Contains("authentication is not enabled", StringComparison.Ordinal))
            {
                return null;
            }

            return answer.Failure;
        }
        finally
        {
            _ = _authenticating.Release();
        }
    }
}
