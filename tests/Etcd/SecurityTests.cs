using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Overlay.Control.Etcd.Options;
using Overlay.Control.Etcd.Tests.Support;
using static Overlay.Control.Etcd.Tests.Support.EtcdCluster;

namespace Overlay.Control.Etcd.Tests;

/// <summary>TLS and users: who may not come in is named, and nothing that is in force goes for it.</summary>
public sealed class SecurityTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("overlay-tls-").FullName;
    private readonly X509Certificate2 _authority;

    public SecurityTests()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-10), DateTimeOffset.UtcNow.AddDays(10));
        File.WriteAllText(Path("ca.pem"), _authority.ExportCertificatePem());
        Issue("server", "127.0.0.1");
        Issue("client", null);
    }

    public static TheoryData<string, string> Wrongs => new()
    {
        { "name", "RemoteCertificateNameMismatch" },
        { "name without server_name", "RemoteCertificateNameMismatch" },
        { "expired", "NotTimeValid" },
        { "expired client certificate", "" },
        { "authority", "" },
        { "no client certificate", "" },
        { "no file", "missing.pem" },
        { "plain", "" },
    };

    [Fact]
    public async Task With_certificates_on_both_sides_the_plane_is_in_touch()
    {
        await using EtcdCluster cluster = await TlsAsync();
        await using var script = new Script(Options(cluster), 100);
        script.Learn(100, 1);
        await UntilAsync(() => Task.FromResult(script.Plane.Status() is { State: "in-touch", KeysWritten: 2 }), "in touch");
    }

    [Theory]
    [MemberData(nameof(Wrongs))]
    public async Task Who_is_not_trusted_is_named_and_tried_again(string wrong, string text)
    {
        if (wrong == "name")
        {
            Issue("server", "192.0.2.200");
        }

        if (wrong == "name without server_name")
        {
            Issue("server", "etcd.test");
        }

        if (wrong == "expired client certificate")
        {
            Issue("client", null, DateTimeOffset.UtcNow.AddDays(-1));
        }

        if (wrong == "expired")
        {
            Issue("server", "127.0.0.1", DateTimeOffset.UtcNow.AddDays(-1));
        }

        await using EtcdCluster cluster = await TlsAsync();
        EtcdOptions options = Options(cluster);
        options = wrong switch
        {
            "authority" => options with { Tls = options.Tls with { CaFile = Other() } },
            "no client certificate" => options with { Tls = options.Tls with { CertificateFile = null, KeyFile = null } },
            "no file" => options with { Tls = options.Tls with { CaFile = Path("missing.pem") } },
            "plain" => options with { Endpoints = [.. options.Endpoints.Select(static e => new Uri($"http://127.0.0.1:{e.Port}"))] },
            _ => options,
        };
        await using var script = new Script(options, 100);
        await UntilAsync(() => Task.FromResult(script.Plane.Status() is { State: "out-of-touch", ReadFailure: { } f } && (wrong == "plain" || !f.Contains("refused", StringComparison.Ordinal))), "the failure is seen");
        string failure = script.Plane.Status().ReadFailure!;
        Assert.True(wrong == "plain" || failure.StartsWith("tls", StringComparison.Ordinal), failure);
        Assert.Contains(text, failure, StringComparison.Ordinal);
        Assert.True(script.IsRunning);
        Assert.DoesNotContain("connected", script.Given);
        if (wrong == "no file")
        {
            // Files are read anew at each attempt.
            File.Copy(Path("ca.pem"), Path("missing.pem"));
            await UntilAsync(() => Task.FromResult(script.Plane.Status().State == "in-touch"), "the file is there");
        }

        if (wrong == "expired client certificate")
        {
            Issue("client", null);
            await UntilAsync(() => Task.FromResult(script.Plane.Status().State == "in-touch"), "it is renewed");
        }
    }

    [Fact]
    public async Task Members_by_address_may_have_certificates_by_name()
    {
        Issue("server", "etcd.test");
        await using EtcdCluster cluster = await TlsAsync();
        EtcdOptions options = Options(cluster);
        await using var script = new Script(options with { Tls = options.Tls with { ServerName = "etcd.test" } }, 100);
        await UntilAsync(() => Task.FromResult(script.Plane.Status().State == "in-touch"), "in touch");
        await using var wrong = new Script(options with { Node = "b", Tls = options.Tls with { ServerName = "etcd.else" } }, 100);
        await UntilAsync(() => Task.FromResult(wrong.Plane.Status().ReadFailure is not null), "the failure is seen");
        Assert.Contains("RemoteCertificateNameMismatch", wrong.Plane.Status().ReadFailure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_in_force_outlives_the_certificate_of_the_store()
    {
        await using EtcdCluster cluster = await TlsAsync();
        await using var script = new Script(Options(cluster) with { Lease = TimeSpan.FromSeconds(30) }, 100);
        await UntilAsync(() => Task.FromResult(script.Plane.Status().State == "in-touch"), "in touch");
        _ = cluster.Ctl(
            cluster.EndpointsArgument, "--cacert", Path("ca.pem"), "--cert", Path("client.pem"), "--key", Path("client.key"),
            "put", $"/overlay/v1/vnis/100/macs/{Node.Mac(1)}", """{"version":1,"vtep":"x"}""");
        await UntilAsync(() => Task.FromResult(script.Place(1) == "x"), "in force");
        cluster.Kill(0);
        Issue("server", "127.0.0.1", DateTimeOffset.UtcNow.AddDays(-1));
        cluster.Start(0);
        await UntilAsync(() => Task.FromResult(script.Plane.Status().ReadFailure?.Contains("NotTimeValid", StringComparison.Ordinal) == true), "the failure is seen");
        Assert.Equal("out-of-touch", script.Plane.Status().State);
        Assert.Equal("x", script.Place(1));
        Issue("server", "127.0.0.1");
        await UntilAsync(() => Task.FromResult(script.Plane.Status().State == "in-touch"), "in touch again");
        Assert.DoesNotContain(script.Given, static line => line.StartsWith("no mac", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_token_that_ended_is_renewed_and_a_wrong_password_named()
    {
        await using EtcdCluster cluster = await StartAsync(1);
        string at = cluster.EndpointsArgument;
        _ = cluster.Ctl(at, "user", "add", "root:rootpw");
        _ = cluster.Ctl(at, "user", "grant-role", "root", "root");
        _ = cluster.Ctl(at, "user", "add", "vtep:secret");
        _ = cluster.Ctl(at, "role", "add", "overlay");
        _ = cluster.Ctl(at, "role", "grant-permission", "overlay", "readwrite", "--prefix=true", "/overlay/");
        _ = cluster.Ctl(at, "user", "grant-role", "vtep", "overlay");
        _ = cluster.Ctl(at, "auth", "enable");
        File.WriteAllText(Path("password"), "secret\nrest");
        EtcdOptions options = Script.Options(cluster.Endpoints) with { Username = "vtep", PasswordFile = Path("password"), Lease = TimeSpan.FromSeconds(30) };
        await using var script = new Script(options, 100);
        script.Learn(100, 1);
        await UntilAsync(() => Task.FromResult(script.Plane.Status() is { State: "in-touch", KeysWritten: 2 }), "in touch");

        // Simple tokens are forgotten by a member that restarts.
        cluster.Kill(0);
        cluster.Start(0);
        await UntilAsync(() => Task.FromResult(script.Plane.Status().State != "in-touch"), "the loss is seen");
        script.Learn(100, 2);
        await UntilAsync(() => Task.FromResult(script.Plane.Status() is { State: "in-touch", KeysWritten: 3 }), "in touch again");
        await using var wrong = new Script(options with { PasswordFile = null, Password = "guess", Node = "b" }, 100);
        await UntilAsync(() => Task.FromResult(wrong.Plane.Status().ReadFailure is not null), "the failure is seen");
        Assert.StartsWith("unauthenticated", wrong.Plane.Status().ReadFailure, StringComparison.Ordinal);
        await using var stranger = new Script(options with { Prefix = "/else/", Node = "c" }, 100);
        await UntilAsync(() => Task.FromResult(stranger.Plane.Status().ReadFailure is not null), "the failure is seen");
        Assert.StartsWith("permission_denied", stranger.Plane.Status().ReadFailure, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", $"{options} {wrong.Plane.Status()}", StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private Task<EtcdCluster> TlsAsync() => StartAsync(
        1, "https", "--cert-file", Path("server.pem"), "--key-file", Path("server.key"), "--trusted-ca-file", Path("ca.pem"), "--client-cert-auth");

    private EtcdOptions Options(EtcdCluster cluster) => Script.Options(cluster.Endpoints) with
    {
        Tls = new EtcdTlsOptions { CaFile = Path("ca.pem"), CertificateFile = Path("client.pem"), KeyFile = Path("client.key") },
    };

    private string Path(string name) => System.IO.Path.Combine(_folder, name);

    private string Other()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=another authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using X509Certificate2 other = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-10), DateTimeOffset.UtcNow.AddDays(10));
        File.WriteAllText(Path("other.pem"), other.ExportCertificatePem());
        return Path("other.pem");
    }

    private void Issue(string name, string? address, DateTimeOffset? until = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));

        // etcd's gateway is a client of its own server, with the server's certificate.
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        if (address is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            if (IPAddress.TryParse(address, out IPAddress? number))
            {
                names.AddIpAddress(number);
            }
            else
            {
                names.AddDnsName(address);
            }

            request.CertificateExtensions.Add(names.Build());
        }

        using X509Certificate2 issued = request.Create(_authority, DateTimeOffset.UtcNow.AddDays(-5), until ?? DateTimeOffset.UtcNow.AddDays(5), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(Path($"{name}.pem"), issued.ExportCertificatePem());
        File.WriteAllText(Path($"{name}.key"), key.ExportPkcs8PrivateKeyPem());
    }
}
