using System.Text;
using Overlay.Control.Etcd.Client;
using Overlay.Control.Etcd.Model;
using Overlay.Control.Etcd.Queries;
using Overlay.Control.Etcd.Store;
using Overlay.Encap;

namespace Overlay.Control.Etcd;

/// <content>What the store holds, page by page.</content>
public sealed partial class EtcdPlane
{
    /// <summary>Rows of a page at most.</summary>
    public const int DumpLimit = 10_000;

    /// <summary>Octets of values after which a page ends.</summary>
    private const int DumpOctets = 4 << 20;

    /// <summary>Octets of a value that are shown: more than any value may have that is not too large.</summary>
    private const int DumpValueLimit = 8 * 1024;

    /// <summary>Reads a page of what the store holds under our prefix, as it is now; nothing here is changed by it.</summary>
    /// <param name="vni">Of this VNI only; null for all.</param>
    /// <param name="limit">Rows at most, 1–<see cref="DumpLimit"/>.</param>
    /// <param name="next"><see cref="EtcdDumpPage.Next"/> of the page before; null to begin.</param>
    /// <param name="revision"><see cref="EtcdDumpPage.Revision"/> of the page before; 0 to begin.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<EtcdDumpPage> DumpAsync(Vni? vni, int limit, ReadOnlyMemory<byte>? next, long revision, CancellationToken cancellationToken)
    {
        var schema = new EtcdSchema(_options.Prefix);
        string prefix = vni is { } one ? schema.OfVni(one) : schema.Root;
        byte[] first = Encoding.UTF8.GetBytes(prefix);
        if (next is { } at && at.Span.SequenceCompareTo(first) < 0)
        {
            // Of another prefix: nobody is to read elsewhere by it.
            next = null;
        }

        int page = Math.Clamp(limit, 1, DumpLimit);
        while (true)
        {
            EtcdResult<RangeResponse> answer = await _client.RangeAsync(
                new RangeRequest
                {
                    Key = next?.ToArray() ?? first,
                    RangeEnd = EtcdSchema.End(prefix),
                    Limit = page,
                    Revision = revision == 0 ? null : revision,
                },
                cancellationToken);
            if (answer.IsOk)
            {
                return PageOf(schema, answer.Value, revision);
            }

            if (answer.Failure.Kind != EtcdFailureKind.ResponseTooLarge || page == 1)
            {
                return new EtcdDumpPage([], revision, null, answer.Failure.ToString());
            }

            page = Math.Max(1, page / 4);
        }
    }

    private static EtcdDumpPage PageOf(EtcdSchema schema, RangeResponse answer, long revision)
    {
        var parser = new EtcdValueParser();
        var rows = new List<EtcdKeyRow>();
        byte[]? last = null;
        bool isMore = answer.More;
        int octets = 0;
        foreach (KeyValue? kv in answer.Kvs ?? [])
        {
            if (kv?.Key is null)
            {
                continue;
            }

            if (octets > DumpOctets)
            {
                isMore = true;
                break;
            }

            octets += Math.Min(kv.Value?.Length ?? 0, DumpValueLimit);
            last = kv.Key;
            rows.Add(RowOf(schema, parser, kv));
        }

        return new EtcdDumpPage([.. rows], revision == 0 ? answer.Header?.Revision ?? 0 : revision, isMore && last is not null ? (byte[])[.. last, 0] : null, null);
    }

    private static EtcdKeyRow RowOf(EtcdSchema schema, EtcdValueParser parser, KeyValue kv)
    {
        EtcdFault fault = schema.Parse(kv.Key, out EtcdKey key);
        EtcdValue value = default;
        if (fault == EtcdFault.None)
        {
            fault = parser.Parse(key, kv.Value ?? [], out value);
        }

        return new EtcdKeyRow(
            FaultLedger.Printable(kv.Key, EtcdSchema.KeyLimit),
            FaultLedger.Printable(kv.Value ?? [], DumpValueLimit),
            key.Kind.ToString().ToLowerInvariant(),
            fault == EtcdFault.None ? value.Vtep : null,
            kv.ModRevision,
            kv.Lease == 0 ? null : LeaseKeeper.Hex(kv.Lease),
            fault == EtcdFault.None ? null : EtcdFaultNames.Of(fault));
    }
}
