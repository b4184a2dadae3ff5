using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Overlay.Control.Evpn.Bgp.Wire;

/// <summary>
/// The graceful-restart capability (RFC 4724 §3, RFC 8538 §2):
/// <code>
/// |R|N| | | restart time, 12 bits, seconds |  then for each family  | AFI, 2 octets | SAFI | flags, F = 0x80 |
/// </code>
/// </summary>
public sealed record GracefulRestartCapability
{
    private const int HeaderLength = 2;
    private const int FamilyLength = 4;
    private const ushort Restarting = 0x8000;
    private const ushort Notification = 0x4000;
    private const ushort TimeMask = 0x0FFF;
    private const byte Forwarding = 0x80;

    /// <summary>R: the speaker has just restarted.</summary>
    public bool IsRestarting { get; init; }

    /// <summary>N: a NOTIFICATION restarts gracefully too, unless it is a Hard Reset (RFC 8538).</summary>
    public bool HandlesNotification { get; init; }

    /// <summary>How long to wait for it, 0–4095 s, whole seconds.</summary>
    public TimeSpan RestartTime { get; init; }

    /// <summary>Families; none means that it only helps others.</summary>
    public ImmutableArray<GracefulRestartFamily> Families { get; init; } = [];

    /// <summary>The EVPN family, or null.</summary>
    public GracefulRestartFamily? Evpn
    {
        get
        {
            foreach (GracefulRestartFamily family in Families)
            {
                if (family is { Afi: EvpnFamily.Afi, Safi: EvpnFamily.Safi })
                {
                    return family;
                }
            }

            return null;
        }
    }

    /// <summary>Reads the value of a capability.</summary>
    /// <returns>Null if it is not well formed: as if it were not there.</returns>
    public static GracefulRestartCapability? TryParse(ReadOnlySpan<byte> value)
    {
        if (value.Length < HeaderLength || (value.Length - HeaderLength) % FamilyLength != 0)
        {
            return null;
        }

        ushort first = BinaryPrimitives.ReadUInt16BigEndian(value);
        ImmutableArray<GracefulRestartFamily>.Builder families = ImmutableArray.CreateBuilder<GracefulRestartFamily>((value.Length - HeaderLength) / FamilyLength);
        for (ReadOnlySpan<byte> rest = value[HeaderLength..]; rest.Length > 0; rest = rest[FamilyLength..])
        {
            families.Add(new GracefulRestartFamily(BinaryPrimitives.ReadUInt16BigEndian(rest), rest[2], (rest[3] & Forwarding) != 0));
        }

        return new GracefulRestartCapability
        {
            IsRestarting = (first & Restarting) != 0,
            HandlesNotification = (first & Notification) != 0,
            RestartTime = TimeSpan.FromSeconds(first & TimeMask),
            Families = families.MoveToImmutable(),
        };
    }

    /// <summary>The capability.</summary>
    public BgpCapability ToCapability()
    {
        byte[] value = new byte[HeaderLength + (FamilyLength * Families.Length)];
        int first = (IsRestarting ? Restarting : 0) | (HandlesNotification ? Notification : 0) | (int)Math.Clamp(RestartTime.TotalSeconds, 0, TimeMask);
        BinaryPrimitives.WriteUInt16BigEndian(value, (ushort)first);
        Span<byte> rest = value.AsSpan(HeaderLength);
        foreach (GracefulRestartFamily family in Families)
        {
            BinaryPrimitives.WriteUInt16BigEndian(rest, family.Afi);
            rest[2] = family.Safi;
            rest[3] = family.IsForwarding ? Forwarding : (byte)0;
            rest = rest[FamilyLength..];
        }

        return new BgpCapability(BgpCapability.GracefulRestart, value);
    }
}
