using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Overlay.Control.Etcd.Options;

namespace Overlay.Control.Etcd.Client;

/// <summary>
/// TLS settings from files. Nothing of the check is ours: chain, time and name are the platform's, and there is no switch to leave one out.
/// </summary>
internal static class EtcdTls
{
    private const long FileLimit = 1 << 20;

    /// <exception cref="CryptographicException">A file is no certificate or no key.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static SslClientAuthenticationOptions Read(EtcdTlsOptions options)
    {
        var ssl = new SslClientAuthenticationOptions();
        if (options.ServerName is not null)
        {
            ssl.TargetHost = options.ServerName;
        }

        if (options.CaFile is not null)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPem(Text(options.CaFile));
            if (policy.CustomTrustStore.Count == 0)
            {
                throw new CryptographicException($"{options.CaFile} has no certificate in it");
            }

            // A CA file may hold intermediate authorities too.
            policy.ExtraStore.AddRange(policy.CustomTrustStore);
            ssl.CertificateChainPolicy = policy;
        }

        if (options is { CertificateFile: { } certificate, KeyFile: { } key })
        {
            string pem = Text(certificate);
            X509Certificate2 own = X509Certificate2.CreateFromPem(pem, Text(key));
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(pem);
            ssl.ClientCertificateContext = SslStreamCertificateContext.Create(own, chain, offline: true);
        }

        return ssl;
    }

    private static string Text(string path)
    {
        var file = new FileInfo(path);
        return file.Length <= FileLimit ? File.ReadAllText(path) : throw new IOException($"{path} is too large for a certificate");
    }
}
