using System.Buffers.Text;
using System.Globalization;

namespace Overlay.Host.Api;

/// <summary>Where a page of <c>GET /v1/etcd/dump</c> goes on: opaque to clients, of characters that neither a URL nor a shell minds.</summary>
/// <param name="Revision">The revision of all pages, from 1.</param>
/// <param name="Key">The first key, 1–1024 octets.</param>
internal sealed record EtcdDumpNext(long Revision, byte[] Key)
{
    private const int KeyLimit = 1024;

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <returns>False for anything else.</returns>
    public static bool TryParse(string text, out EtcdDumpNext? next)
    {
        next = null;
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0 || text.Length > KeyLimit * 2 || !long.TryParse(text.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out var revision) || revision == 0 ||
            !Base64Url.IsValid(text.AsSpan(dot + 1)))
        {
            return false;
        }

        var key = Base64Url.DecodeFromChars(text.AsSpan(dot + 1));
        if (key.Length is 0 or > KeyLimit)
        {
            return false;
        }

        next = new EtcdDumpNext(revision, key);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Revision.ToString(CultureInfo.InvariantCulture)}.{Base64Url.EncodeToString(Key)}";
}
