using Overlay.Dataplane.Diagnostics;
using Overlay.Encap;

namespace Overlay.Dataplane.Pipeline;

/// <summary>The one place where a parser's verdict becomes a drop reason.</summary>
public static class ParseDrops
{
    /// <summary>The reason for a status; <see cref="DropReason.None"/> for <see cref="ParseStatus.Ok"/>. Total.</summary>
    public static DropReason ReasonOf(ParseStatus status) =>
        status switch
        {
            ParseStatus.Ok => DropReason.None,
            ParseStatus.OuterTruncated => DropReason.OuterTruncated,
            ParseStatus.VxlanNoVniFlag => DropReason.VxlanNoVniFlag,
            ParseStatus.VxlanGpeUnsupported or ParseStatus.VxlanGpeOam => DropReason.VxlanGpeUnsupported,
            ParseStatus.ReservedBitsSet => DropReason.ReservedBitsSet,
            ParseStatus.GeneveVersion => DropReason.GeneveVersion,
            ParseStatus.GeneveBadOption => DropReason.GeneveBadOption,
            ParseStatus.GeneveCriticalUnknown => DropReason.GeneveCriticalUnknown,
            ParseStatus.GeneveOam => DropReason.GeneveOam,
            ParseStatus.GeneveProtocol => DropReason.GeneveProtocol,
            ParseStatus.WrongEncap => DropReason.WrongEncapOnPort,
            _ => DropReason.InnerTruncated,
        };
}
