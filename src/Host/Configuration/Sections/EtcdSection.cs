using System.Collections.Immutable;
using Overlay.Control.Etcd.Options;
using Overlay.Encap;
using Overlay.Forwarding.Topology;
using Overlay.Host.Configuration.Yaml;

namespace Overlay.Host.Configuration.Sections;

/// <summary><c>control.etcd</c> and <c>vnis[].etcd</c>.</summary>
internal static class EtcdSection
{
    private const int MaxEndpoints = 16;
    private const int MaxPath = 4000;
    private const int MaxPrefix = 200;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    /// <summary>The plane's options; null if it is off.</summary>
    public static EtcdOptions? Read(MapReader control, string node, UnderlaySpec underlay, ImmutableDictionary<Vni, EtcdVniMode> vnis)
    {
        var etcd = control.Map("etcd");
        if (etcd.Node is null or YamlScalar { IsNull: true })
        {
            return null;
        }

        var defaults = new EtcdOptions { Endpoints = [], Node = node };
        var endpoints = ReadEndpoints(etcd);
        var options = new EtcdOptions
        {
            Endpoints = endpoints,
            Node = node,
            Prefix = ReadPrefix(etcd),
            Lease = etcd.Duration("lease", defaults.Lease, TimeSpan.FromHours(1), TimeSpan.FromSeconds(2)),
            Tls = ReadTls(etcd),
            Username = etcd.Text("username"),
            Password = etcd.Text("password"),
            PasswordFile = File(etcd, "password_file"),
            ConnectTimeout = etcd.Duration("connect_timeout", defaults.ConnectTimeout, TimeSpan.FromMinutes(1), Tick),
            RequestTimeout = etcd.Duration("request_timeout", defaults.RequestTimeout, TimeSpan.FromMinutes(1), Tick),
            HealthInterval = etcd.Duration("health_interval", defaults.HealthInterval, TimeSpan.FromMinutes(1), 2 * Tick),
            DefaultMode = ReadMode(etcd, defaults.DefaultMode),
            AnswerTime = etcd.Duration("answer_time", defaults.AnswerTime, TimeSpan.FromHours(24), TimeSpan.FromSeconds(1)),
            NegativeTime = etcd.Duration("negative_time", defaults.NegativeTime, TimeSpan.FromHours(1), Tick),
            AnswerLimit = (int)etcd.Number("answer_limit", defaults.AnswerLimit, 1, 65_536),
            MissQueueSize = (int)etcd.Number("miss_queue", defaults.MissQueueSize, 1, 65_536),
            Encaps = EvpnSection.ReadEncaps(etcd, underlay),
            VxlanPort = underlay.VxlanPort ?? UnderlaySpec.StandardVxlanPort,
            GenevePort = underlay.GenevePort ?? UnderlaySpec.StandardGenevePort,
            Vnis = vnis,
        };
        Check(etcd, options);
        return options;
    }

    /// <summary>The mode of one VNI; null where it says nothing.</summary>
    public static EtcdVniMode? ReadVni(MapReader vni)
    {
        var etcd = vni.Map("etcd");
        return etcd.Node is null or YamlScalar { IsNull: true } || etcd.Get("mode") is null ? null : ReadMode(etcd, EtcdVniMode.Mirror);
    }

    private static EtcdVniMode ReadMode(MapReader map, EtcdVniMode absent) =>
        map.Word("mode", absent, ("mirror", EtcdVniMode.Mirror), ("on-demand", EtcdVniMode.OnDemand));

    private static void Check(MapReader etcd, EtcdOptions options)
    {
        var isSecure = options.Endpoints.Any(static e => e.Scheme == Uri.UriSchemeHttps);
        if (options.Tls.CertificateFile is null != options.Tls.KeyFile is null)
        {
            etcd.Error(options.Tls.KeyFile is null ? "certificate" : "key", "certificate and key belong together: name both or none");
        }

        if (!isSecure && options.Tls is not { CaFile: null, CertificateFile: null, KeyFile: null, ServerName: null })
        {
            etcd.Error("endpoints", "ca, certificate, key and server_name are of use with https endpoints only");
        }

        if (options.Username is not null && isSecure && options.Endpoints.Any(static e => e.Scheme == Uri.UriSchemeHttp))
        {
            etcd.Error("endpoints", "with a username all endpoints have to be https or all http: the password would go over the plain ones too");
        }

        if (options.Lease < 2 * options.RequestTimeout)
        {
            etcd.Problems.Warn(etcd.Blame("lease"), etcd.PathOf("lease"), "shorter than twice request_timeout: a member that does not answer for a moment may cost the lease, and with it all keys of this VTEP");
        }

        if (options is { Password: not null, PasswordFile: not null })
        {
            etcd.Problems.Warn(etcd.Blame("password"), etcd.PathOf("password"), "password is of no use beside password_file");
        }

        if (options.Username is null != (options.Password is null && options.PasswordFile is null))
        {
            var given = options switch
            {
                { Username: not null } => "username",
                { PasswordFile: not null } => "password_file",
                _ => "password",
            };
            etcd.Error(given, "username and password (or password_file) belong together");
        }

        if (options.Endpoints.Any(static e => e.Scheme == Uri.UriSchemeHttp && !e.IsLoopback))
        {
            etcd.Problems.Warn(etcd.Blame("endpoints"), etcd.PathOf("endpoints"), "http: whoever is on the way decides where frames go; https with ca and a client certificate keeps others out");
        }
    }

    private static ImmutableArray<Uri> ReadEndpoints(MapReader etcd)
    {
        var all = ImmutableArray.CreateBuilder<Uri>();
        foreach (var (item, path) in etcd.List("endpoints", MaxEndpoints))
        {
            var text = (item as YamlScalar)?.Value ?? "";
            if (!Uri.TryCreate(text, UriKind.Absolute, out var endpoint) || endpoint.Scheme is not ("http" or "https") || endpoint.Host.Length == 0 || endpoint.UserInfo.Length > 0 ||
                endpoint.PathAndQuery != "/")
            {
                etcd.Problems.Error(item, path, $"expected the http or https URL of a member's client port, such as https://etcd1:2379, found '{KeyPath.Printable(text)}'");
            }
            else if (all.Contains(endpoint))
            {
                etcd.Problems.Error(item, path, "listed twice");
            }
            else
            {
                all.Add(endpoint);
            }
        }

        if (etcd.Get("endpoints") is null || (all.Count == 0 && !etcd.Problems.HasErrors))
        {
            etcd.Missing("endpoints", "a list of URLs such as https://etcd1:2379");
        }

        return all.ToImmutable();
    }

    private static string ReadPrefix(MapReader etcd)
    {
        var prefix = etcd.Text("prefix") ?? "/overlay/";
        if (prefix.Length is < 2 or > MaxPrefix || prefix[0] != '/' || prefix[^1] != '/' || prefix.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            etcd.Error("prefix", $"expected a prefix of keys that begins and ends with a slash, such as /overlay/, found '{KeyPath.Printable(prefix)}'");
        }

        return prefix;
    }

    private static EtcdTlsOptions ReadTls(MapReader etcd) => new()
    {
        CaFile = File(etcd, "ca"),
        CertificateFile = File(etcd, "certificate"),
        KeyFile = File(etcd, "key"),
        ServerName = etcd.Text("server_name"),
    };

    private static string? File(MapReader etcd, string key) => etcd.Get(key) is null ? null : etcd.AbsolutePath(key, "", MaxPath);
}
