using Overlay.TestKit.Net;
using Xunit;

namespace Overlay.Interop.Etcd;

/// <summary>TLS with certificates on both sides: who is not trusted is out of touch, says why, and goes on forwarding.</summary>
[Trait("Category", "Peer")]
public sealed class TlsTests(ITestOutputHelper output)
{
    [Fact]
    public void A_certificate_that_is_wrong_or_missing_takes_nothing_out_of_force_and_the_reason_is_shown()
    {
        using var authority = new Authority();
        for (var i = 0; i < 3; i++)
        {
            authority.Issue($"server-{i}", "192.0.2.9");
            authority.Issue($"client-{i}");
        }

        authority.Issue("operator");
        using var lab = new EtcdLab(new EtcdPeerOptions
        {
            Scheme = "https",
            Arguments = ["--cert-file", authority.PathOf("server-{member}.pem"), "--key-file", authority.PathOf("server-{member}.key"), "--trusted-ca-file", authority.PathOf("ca.pem"), "--client-cert-auth"],
            ClientArguments = ["--cacert", authority.PathOf("ca.pem"), "--cert", authority.PathOf("operator.pem"), "--key", authority.PathOf("operator.key")],
        });

        // Each has a member of its own.
        for (var i = 0; i < 3; i++)
        {
            lab.Start(i, $", lease: 1m, ca: {authority.PathOf("ca.pem")}, certificate: {authority.PathOf($"client-{i}.pem")}, key: {authority.PathOf($"client-{i}.key")}", members: $"[\"{lab.Etcd.Endpoint(i)}\"]");
        }

        lab.Agree("they form a network");
        lab.Move(0, 30, lab.Everywhere);
        lab.Agree("hosts have spoken");
        lab.Flow(0, 1, 2000);
        lab.Flow(1, 0, 2000);

        // Connections end, and members have certificates for another name now. Files are read anew then, and are wrong as well.
        for (var i = 0; i < 3; i++) lab.Etcd.Kill(i);
        for (var i = 0; i < 3; i++) authority.Issue($"server-{i}", "192.0.2.200");
        authority.Issue("client-0", isOver: true);
        File.Delete(authority.PathOf("client-2.pem"));
        for (var i = 0; i < 3; i++) lab.Etcd.Start(i);
        Says(lab, 0, "RemoteCertificateNameMismatch");
        Says(lab, 2, "client-2.pem");
        authority.Issue("server-0", "192.0.2.9");
        authority.Issue("server-2", "192.0.2.9");
        Says(lab, 0, "tls", not: "RemoteCertificateNameMismatch");
        Says(lab, 1, "RemoteCertificateNameMismatch");
        Says(lab, 2, "client-2.pem");
        Assert.Equal("", lab.Odd(maybeStale: true));
        authority.Issue("client-0");
        authority.Issue("client-2");
        authority.Issue("server-1", "192.0.2.9");
        lab.WaitForState("in-touch", lab.Everywhere);
        lab.Move(30, 10, lab.Everywhere);
        lab.Agree("they are in touch again");
        var flows = lab.Finish();
        output.WriteLine(string.Join("; ", flows.Select(f => $"{f.Name}: {f.Sent} frames, {f.Lost} lost")));
        Assert.All(flows, flow => Assert.Equal((0, 0), (flow.Lost, flow.Twice)));
    }

    private void Says(EtcdLab lab, int site, string reason, string? not = null)
    {
        string? failure = null;
        lab.Await(
            () => lab.State(site) == "out-of-touch" && (failure = (string?)lab.Status(site)["read_failure"])?.Contains(reason, StringComparison.Ordinal) == true && (not is null || !failure.Contains(not, StringComparison.Ordinal)) && !failure.Contains("refused", StringComparison.Ordinal),
            $"{EtcdLab.Name(site)} says {reason}", () => lab.Status(site).ToJsonString());
        var screen = lab.Sites[site].Daemon.Ctl("etcd", "status");
        Assert.Equal(3, screen.ExitCode);
        Assert.Contains(reason, screen.StdOut, StringComparison.Ordinal);
        output.WriteLine($"{EtcdLab.Name(site)}: {failure}");
    }
}
