namespace Overlay.Encap.Ip;

/// <summary>ECN across a tunnel, RFC 6040. ECN fields are the two low bits of a TOS or traffic class octet: 0 not-ECT, 1 ECT(1), 2 ECT(0), 3 CE.</summary>
public static class EcnRules
{
    /// <summary>The ECN bits of a TOS octet.</summary>
    public const byte Mask = 3;

    private const byte Alarm = 0x80;

    // RFC 6040 4.2 figure 4, rows by inner, columns by outer field value: not-ECT, ECT(1), ECT(0), CE.
    private static ReadOnlySpan<byte> Table =>
    [
        0, 0 | Alarm, 0 | Alarm, 4 | Alarm,
        1, 1, 1 | Alarm, 3,
        2, 1, 2, 3,
        3, 3 | Alarm, 3, 3,
    ];

    /// <summary>The outer field in normal mode (RFC 6040 4.1): a copy of the inner one, CE included.</summary>
    /// <param name="inner">The inner TOS octet or ECN field.</param>
    public static byte Encapsulate(byte inner) => (byte)(inner & Mask);

    /// <summary>The inner field at the tunnel's end (RFC 6040 4.2).</summary>
    /// <param name="inner">The inner TOS octet or ECN field.</param>
    /// <param name="outer">The outer TOS octet or ECN field.</param>
    /// <param name="alarm">The combination is one RFC 6040 wants logged.</param>
    /// <returns>The new inner field, or <see cref="EcnVerdict.Drop"/>.</returns>
    public static EcnVerdict Combine(byte inner, byte outer, out bool alarm)
    {
        byte entry = Table[((inner & Mask) << 2) | (outer & Mask)];
        alarm = (entry & Alarm) != 0;
        return (EcnVerdict)(entry & 7);
    }
}
