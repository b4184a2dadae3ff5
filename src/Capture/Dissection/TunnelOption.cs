using System.Globalization;
using Overlay.Encap.Geneve;

namespace Overlay.Capture.Dissection;

/// <summary>A Geneve option as seen, copied out of the packet.</summary>
/// <param name="Class">Option class.</param>
/// <param name="Type">The whole type octet.</param>
/// <param name="Data">The data.</param>
public sealed record TunnelOption(ushort Class, byte Type, ReadOnlyMemory<byte> Data)
{
    /// <summary>The critical bit.</summary>
    public bool IsCritical => (Type & GeneveOptionId.CriticalBit) != 0;

    /// <summary><c>class:type:Cn:datalen:datahex</c>.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Class:x4}:{Type:x2}:C{(IsCritical ? 1 : 0)}:{Data.Length}:{Convert.ToHexStringLower(Data.Span)}");
}
