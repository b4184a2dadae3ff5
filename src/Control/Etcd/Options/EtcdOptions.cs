using System.Collections.Immutable;
using Overlay.Encap;

namespace Overlay.Control.Etcd.Options;

/// <summary><c>control.etcd</c>: the whole of the plane's configuration. Immutable; validated by whoever reads the configuration.</summary>
public sealed record EtcdOptions
{
    /// <summary>Base addresses of the members' client ports, <c>http</c> or <c>https</c>, 1–16.</summary>
    public required ImmutableArray<Uri> Endpoints { get; init; }

    /// <summary>Our VTEP's name in the store, <c>node.name</c>: 1–63 letters, digits, dots, underscores and hyphens. No two daemons may have the same.</summary>
    public required string Node { get; init; }

    /// <summary>What all keys begin with; begins and ends with a slash.</summary>
    public string Prefix { get; init; } = "/overlay/";

    /// <summary>Time to live of our lease, 2–3600 s: how long others hold on to what we said after we are gone.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>TLS; of no effect on <c>http</c> endpoints.</summary>
    public EtcdTlsOptions Tls { get; init; } = new();

    /// <summary>User name, or null for none.</summary>
    public string? Username { get; init; }

    /// <summary>File whose first line is the password; read at each authentication.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>The password itself, where there is no <see cref="PasswordFile"/>.</summary>
    public string? Password { get; init; }

    /// <summary>Longest wait for a connection, 0.1–60 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Longest wait for an answer, 0.1–60 s.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time between looks at each member's health, 0.2–60 s. A watch on a member that does not answer is moved.</summary>
    public TimeSpan HealthInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a watch may be silent before it is opened anew. The store notifies progress every ten minutes by itself, a tenth more at random, and not in the round after an event.
    /// </summary>
    public TimeSpan WatchSilence { get; init; } = TimeSpan.FromMinutes(25);

    /// <summary>First and last back-off, between which it doubles; a quarter more or less at random.</summary>
    public TimeSpan BackOffFirst { get; init; } = TimeSpan.FromSeconds(1);

    /// <inheritdoc cref="BackOffFirst"/>
    public TimeSpan BackOffLast { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Keys asked for in one request, 1–10,000.</summary>
    public int PageSize { get; init; } = 1_000;

    /// <summary>Writes in one transaction, 1–100; the store's <c>--max-txn-ops</c> (128 by default) is above it.</summary>
    public int BatchSize { get; init; } = 100;

    /// <summary>How long changes of ours are gathered before they are written, 0–1 s.</summary>
    public TimeSpan BatchDelay { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Mode of VNIs that <see cref="Vnis"/> does not name.</summary>
    public EtcdVniMode DefaultMode { get; init; } = EtcdVniMode.Mirror;

    /// <summary><c>vnis[].etcd.mode</c>.</summary>
    public ImmutableDictionary<Vni, EtcdVniMode> Vnis { get; init; } = ImmutableDictionary<Vni, EtcdVniMode>.Empty;

    /// <summary>Within how long an answer to a miss is asked for again, 1–86,400 s; meanwhile it is watched.</summary>
    public TimeSpan AnswerTime { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>How long "nobody has it" holds, 0.1–3600 s.</summary>
    public TimeSpan NegativeTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Answers held and watched at a time, 1–65,536; the oldest makes room.</summary>
    public int AnswerLimit { get; init; } = 16_384;

    /// <summary>Misses that wait to be asked, 1–65,536; more are dropped and counted.</summary>
    public int MissQueueSize { get; init; } = 1_024;

    /// <summary>Encapsulations we accept, the preferred first; at least one.</summary>
    public ImmutableArray<EncapKind> Encaps { get; init; } = [EncapKind.Geneve, EncapKind.Vxlan];

    /// <summary>UDP port we receive VXLAN at, 1–65535.</summary>
    public ushort VxlanPort { get; init; } = 4789;

    /// <summary>UDP port we receive Geneve at, 1–65535.</summary>
    public ushort GenevePort { get; init; } = 6081;

    /// <summary>The mode of a VNI.</summary>
    public EtcdVniMode ModeOf(Vni vni) => Vnis.GetValueOrDefault(vni, DefaultMode);

    /// <summary>Whether the modes of VNIs are the same: all that changes without a new plane.</summary>
    public bool HasModesOf(EtcdOptions other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return DefaultMode == other.DefaultMode && Vnis.Count == other.Vnis.Count && Vnis.All(v => other.Vnis.TryGetValue(v.Key, out EtcdVniMode mode) && mode == v.Value);
    }

    /// <inheritdoc/>
    public bool Equals(EtcdOptions? other) =>
        other is not null && Endpoints.SequenceEqual(other.Endpoints) && Node == other.Node && Prefix == other.Prefix && Lease == other.Lease && Tls == other.Tls &&
        Username == other.Username && PasswordFile == other.PasswordFile && Password == other.Password && ConnectTimeout == other.ConnectTimeout &&
        RequestTimeout == other.RequestTimeout && WatchSilence == other.WatchSilence && HealthInterval == other.HealthInterval && BackOffFirst == other.BackOffFirst && BackOffLast == other.BackOffLast &&
        PageSize == other.PageSize && BatchSize == other.BatchSize && BatchDelay == other.BatchDelay &&
        AnswerTime == other.AnswerTime && NegativeTime == other.NegativeTime && AnswerLimit == other.AnswerLimit && MissQueueSize == other.MissQueueSize &&
        Encaps.SequenceEqual(other.Encaps) && VxlanPort == other.VxlanPort && GenevePort == other.GenevePort && HasModesOf(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Endpoints.Length, Node, Prefix);

    /// <summary>Without the password.</summary>
    public override string ToString() => $"etcd {string.Join(',', Endpoints)} {Prefix} as {Node}";
}
