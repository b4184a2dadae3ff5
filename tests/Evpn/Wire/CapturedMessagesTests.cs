using System.Text.RegularExpressions;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Tests.Wire;

/// <summary>Messages of FRR, GoBGP and others, as captured, against what another decoder says of them.</summary>
public sealed partial class CapturedMessagesTests
{
    private static readonly string Shared = Path.GetFullPath(RepositoryFiles.PathOf("..", "shared", "captures", "public"));

    // Damaged on purpose: nothing to compare, and nothing may throw.
    private const string Damaged = "tcpdump-bgp-vpn-rt-oobr";

    public static TheoryData<string> Files()
    {
        string[] folders = [RepositoryFiles.PathOf("tests", "Vectors", "generated"), Shared];
        return [.. folders.Where(Directory.Exists).SelectMany(static folder => Directory.GetFiles(folder, "*.bgp.tsv")).Order(StringComparer.Ordinal)
            .Select(static path => Path.GetRelativePath(RepositoryFiles.Root, path))];
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_message_says_what_the_ground_truth_says(string file)
    {
        Row[] rows = Rows(Path.Combine(RepositoryFiles.Root, file));
        Assert.NotEmpty(rows);
        foreach (Row row in rows)
        {
            (BgpMessageType type, byte[] body) = Assert.Single(Messages.Frame(row.Octets, BgpHeader.MaxExtendedMessageLength));
            Assert.Equal(row.Type, (int)type);
            if (file.Contains(Damaged, StringComparison.Ordinal))
            {
                _ = new UpdateDecoder(true, false).Decode(body);
                _ = new UpdateDecoder(false, true).Decode(body);
                continue;
            }

            Assert.Equal(Expected(row), Actual(row, type, body));
        }
    }

    /// <summary>RFC 6793 between real routers: the path that the capture's other half shows in four octets.</summary>
    [Fact]
    public void A_path_of_two_octets_is_mended_by_what_came_with_it()
    {
        string file = Path.Combine(Shared, "tcpdump-bgp-4byte-asn.bgp.tsv");
        if (!File.Exists(file))
        {
            Assert.Skip("public captures are not beside this checkout; they are not copied into it");
        }

        List<string> paths = [];
        foreach (Row row in Rows(file).Where(static row => row.Text.Contains("ATTR17", StringComparison.Ordinal)))
        {
            ReadOnlySpan<byte> list = row.Octets.AsSpan(BgpHeader.Length + 4);
            list = list[..((row.Octets[BgpHeader.Length + 2] << 8) | row.Octets[BgpHeader.Length + 3])];
            AttributeSet set = new AttributeReader(fourOctetAs: false, isInternal: false, 0).Read(list, default);
            Assert.True(set.Faults.IsEmpty);
            paths.Add(AsPathText.Format(set.Attributes!.AsPath));
        }

        Assert.Equal(["200 1 222222 333333 4294967290", "2764334674 200 1 222222 333333 4294967290", "2764334674 1", "2764334674 1"], paths);
    }

    [Fact]
    public void Public_captures_are_compared_too()
    {
        if (!Directory.Exists(Shared))
        {
            Assert.Skip("public captures are not beside this checkout; they are not copied into it");
        }

        Assert.Contains(Files(), static row => row.Data.Contains("public", StringComparison.Ordinal));
    }

    /// <summary>What the reader of the capture wrote, without what we do not decode: routes of IPv4, and NEXT_HOP that belongs to them.</summary>
    private static string[] Expected(Row row)
    {
        IEnumerable<string> parts = row.Text.Split(" | ").Select(static part => part.Trim());
        bool isForeign = row.Text.StartsWith("UPDATE", StringComparison.Ordinal) && !row.Text.Contains("MP_", StringComparison.Ordinal);
        return isForeign ? ["UPDATE"] : Order(parts);
    }

    private static string[] Actual(Row row, BgpMessageType type, byte[] body)
    {
        switch (type)
        {
            case BgpMessageType.Open:
                Assert.Null(OpenMessage.TryParse(body, out OpenMessage? open));
                return Order(GroundTruth.Of(open!));
            case BgpMessageType.Update:
                UpdateResult result = new UpdateDecoder(row.IsFourOctetAs, row.Text.Contains("LOCAL_PREF", StringComparison.Ordinal)).Decode(body);
                Assert.Null(result.Reset);
                Assert.False(result.TreatAsWithdraw);
                Assert.True(result.Faults.IsEmpty || result.Faults == default(UpdateFaults).With(UpdateFault.Ipv4Unicast), result.Faults.ToString());
                return Order(GroundTruth.Of(result));
            case BgpMessageType.Notification:
                return Order(GroundTruth.Of(NotificationMessage.Parse(body)));
            case BgpMessageType.RouteRefresh:
                Assert.Null(RouteRefreshMessage.TryParse(body, out RouteRefreshMessage refresh));
                return Order(GroundTruth.Of(refresh));
            default:
                return ["KEEPALIVE"];
        }
    }

    /// <summary>Routes in the order they came; attributes in any, which a decoder does not keep.</summary>
    private static string[] Order(IEnumerable<string> parts)
    {
        string[] all = [.. parts.Select(static part => part.TrimEnd())];
        return [.. all.Where(IsRoute), .. all.Where(static part => !IsRoute(part)).Order(StringComparer.Ordinal)];
    }

    private static bool IsRoute(string part) => part.StartsWith("ADV ", StringComparison.Ordinal) || part.StartsWith("WDR ", StringComparison.Ordinal);

    private static Row[] Rows(string path)
    {
        Row[] rows = [.. File.ReadAllLines(path).Skip(1).Select(static line => line.Split('\t')).Select(static cells => new Row(cells[1], cells[2], int.Parse(cells[3]), cells[5], Convert.FromHexString(cells[6])))];

        // Four octets an AS where both ends of the connection announced them; where no OPEN was captured they are taken for granted.
        foreach (IGrouping<string, Row> connection in rows.GroupBy(static row => string.CompareOrdinal(row.Source, row.Destination) < 0 ? row.Source + row.Destination : row.Destination + row.Source, StringComparer.Ordinal))
        {
            Row[] opens = [.. connection.Where(static row => row.Type == (int)BgpMessageType.Open)];
            foreach (Row row in connection)
            {
                row.IsFourOctetAs = opens.All(static open => As4().IsMatch(open.Text));
            }
        }

        return rows;
    }

    [GeneratedRegex(@"\bAS4=")]
    private static partial Regex As4();

    private sealed record Row(string Source, string Destination, int Type, string Text, byte[] Octets)
    {
        public bool IsFourOctetAs { get; set; }
    }
}
