namespace Overlay.Forwarding.Topology;

/// <summary>Class and type of one of our Geneve options, without the critical bit.</summary>
/// <param name="Class">Option class, 0–65535 (RFC 8926 §7).</param>
/// <param name="Type">Option type, 0–127; the critical bit is not part of it.</param>
public readonly record struct OptionSpec(ushort Class, byte Type);
