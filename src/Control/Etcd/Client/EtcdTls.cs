using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Overlay.Control.Etcd.Options;

namespace Overlay.Control.Etcd.Client;

/// <summary>
/// TLS settings from files. Nothing of the check is ours: chain, time and name are the platform's, and there is no switch to leave one out.
/// </summary>
/// <remarks><b>Threading:</b> any thread. <b>Ownership:</b> the certificates are its own, until it is disposed.</remarks>
internal sealed class EtcdTls : IDisposable
{
    private const long FileLimit = 1 << 20;
    private readonly string? _serverName;
    private readonly X509Certificate2Collection _held = [];
    private X509ChainPolicy? _policy;
    private SslStreamCertificateContext? _own;

    private EtcdTls(string? serverName)
    {
        _serverName = serverName;
    }

    /// <exception cref="CryptographicException">A file is no certificate or no key.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static EtcdTls Read(EtcdTlsOptions options)
    {
        var tls = new EtcdTls(options.ServerName);
        try
        {
            tls.ReadFiles(options);
            return tls;
        }
        catch
        {
            tls.Dispose();
            throw;
        }
    }

    /// <summary>The settings of one connection.</summary>
    /// <param name="host">The host of the endpoint, whose name the certificate has to have if no other is configured.</param>
    public SslClientAuthenticationOptions For(string host) => new()
    {
        TargetHost = _serverName ?? host,
        CertificateChainPolicy = _policy?.Clone(),
        ClientCertificateContext = _own,
    };

    public void Dispose()
    {
        foreach (X509Certificate2 certificate in _held)
        {
            certificate.Dispose();
        }
    }

    private void ReadFiles(EtcdTlsOptions options)
    {
        if (options.CaFile is not null)
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(Text(options.CaFile));
            _held.AddRange(authorities);
            if (authorities.Count == 0)
            {
                throw new CryptographicException($"{options.CaFile} has no certificate in it");
            }

            // A CA file may hold intermediate authorities too.
            _policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            _policy.CustomTrustStore.AddRange(authorities);
            _policy.ExtraStore.AddRange(authorities);
        }

        if (options is { CertificateFile: { } certificate, KeyFile: { } key })
        {
            string pem = Text(certificate);
            X509Certificate2 own = X509Certificate2.CreateFromPem(pem, Text(key));
            _ = _held.Add(own);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(pem);
            _held.AddRange(chain);
            _own = SslStreamCertificateContext.Create(own, chain, offline: true);
        }
    }

    private static string Text(string path)
    {
        var file = new FileInfo(path);
        return file.Length <= FileLimit ? File.ReadAllText(path) : throw new IOException($"{path} is too large for a certificate");
    }
}
