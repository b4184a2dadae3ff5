using Overlay.Cli.Support;

namespace Overlay.Cli.Tests.Support;

public sealed class RedactorTests
{
    public static TheoryData<string> Secrets =>
    [
        "password: hunter2SECRET",
        "  password: \"hunter2SECRET\"   # remark",
        "neighbors: [{ address: 192.0.2.254, password: hunter2SECRET, as: 65000 }]",
        "bgp_md5_key: 'hunter2SECRET'",
        "{\"etcd\":{\"token\":\"hunter2SECRET\",\"x\":1}}",
        "{\"auth-key\": \"hunter\\\"2SECRET\"}",
        "endpoints: [\"https://root:hunter2SECRET@etcd1:2379\"]",
        "client_secret=hunter2SECRET other=1",
        "OVERLAY__control__etcd__password=hunter2SECRET",
        "Authorization: Bearer hunter2SECRETxyz0123456789",
        "-----BEGIN EC PRIVATE KEY-----\nhunter2SECRET\n-----END EC PRIVATE KEY-----",
        "private_key: |\n  line1\n  hunter2SECRET\nnext: 1",
        "tls:\n  key_passphrase: >-\n    hunter2SECRET\n  ca: x",
        "tokens:\n  - hunter2SECRET\n  - hunter2SECRET\nnext: 1",
        "psk: hunter2SECRET with blanks SECRET",
    ];

    [Theory]
    [MemberData(nameof(Secrets))]
    public void No_secret_passes(string text)
    {
        string clean = Redactor.Redact("before: 1\n" + text + "\nafter: 2\n");
        Assert.DoesNotContain("SECRET", clean, StringComparison.Ordinal);
        Assert.Contains(Redactor.Mark, clean, StringComparison.Ordinal);
        Assert.StartsWith("before: 1\n", clean, StringComparison.Ordinal);
        Assert.EndsWith("after: 2\n", clean, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_secret_stays()
    {
        const string Text = "vnis:\n  - { id: 100, ports: [web] }\npeers:\n  - { name: b, addresses: [192.0.2.2, \"2001:db8::2\"] }\nkey: value\nmac: 02:00:00:00:00:02\n";
        Assert.Equal(Text, Redactor.Redact(Text));
    }

    [Fact]
    public void Of_a_drop_sample_the_headers_are_kept_and_the_payload_is_not()
    {
        string clean = Redactor.Redact("{\"hex\":\"" + new string('a', 100) + "bbbb\"}");
        Assert.Equal("{\"hex\":\"" + new string('a', 100) + "\"}", clean);
    }

    [Fact]
    public void Anonymous_names_are_the_same_for_the_same_and_others_for_others()
    {
        Anonymizer anonymizer = new(["vtep-a"]);
        string clean = anonymizer.Anonymize("vtep-a 192.0.2.1 192.0.2.2 192.0.2.1 [2001:db8::7]:4789 fe80::1%eth0 02:aa:bb:cc:dd:01 02:AA:bb:cc:dd:01 127.0.0.1 ff:ff:ff:ff:ff:ff 12:34:56 ::1 vtep-ab 1.2.3");
        Assert.Equal("this-host 198.18.0.1 198.18.0.2 198.18.0.1 [2001:db8:ffff::1]:4789 fe80::ff2%eth0 02:ff:ff:00:00:01 02:ff:ff:00:00:01 127.0.0.1 ff:ff:ff:ff:ff:ff 12:34:56 ::1 vtep-ab 1.2.3", clean);
    }
}
