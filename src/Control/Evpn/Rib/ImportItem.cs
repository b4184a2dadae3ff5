using System.Runtime.InteropServices;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Rib;

/// <summary>What a key of the seam is: one of these has one route of ours at most in the control loop.</summary>
internal enum ImportKind : byte
{
    /// <summary>A MAC of a VNI.</summary>
    Mac = 0,

    /// <summary>A tenant's address in a VNI.</summary>
    Neighbor = 1,

    /// <summary>A VTEP in the flood list of a VNI.</summary>
    Flood = 2,
}

/// <summary>A key of the seam. Twenty octets.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly record struct ImportKey(ulong Hi, ulong Lo, uint Word) : ISlotKey<ImportKey>
{
    public Vni Vni => new(Word & Vni.MaxValue);

    public ImportKind Kind => (ImportKind)(Word >> 24);

    public MacAddress Mac => new(Lo);

    public UnderlayAddress Address => RibKey.AddressOf(Hi, Lo);

    public static ImportKey OfMac(uint vni, MacAddress mac) => new(0, mac.Value, vni);

    public static ImportKey Of(ImportKind kind, uint vni, UnderlayAddress address) => new(address.Hi, address.Lo, vni | ((uint)kind << 24));

    public ulong HashOf(in SlotSecret secret) => secret.Finish(SlotSecret.Mix(Hi ^ secret.A, Lo ^ secret.B) ^ SlotSecret.Mix(Word ^ secret.C, secret.A));

    public bool IsSame(in ImportKey other) => this == other;
}

/// <summary>All NLRI that are imported under one key, the one of them in force, and what the control loop was told. 52 octets in a pool.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct ImportItem
{
    public ImportKey Key;

    /// <summary>First entry of the list.</summary>
    public int Head;

    /// <summary>The entry in force; -1 for none.</summary>
    public int Best;

    /// <summary>Attributes of what the control loop has, held; 0 if it has nothing.</summary>
    public int PushedAttributes;

    /// <summary>Of a neighbour: the MAC it has.</summary>
    public ulong PushedMac;

    /// <summary>The peer it has it from, an index; 0 if it has nothing.</summary>
    public ushort PushedPeer;

    /// <summary><see cref="RibPeer.Mark"/> when it was given last: with an older one than the peer has, the sweep of the control loop finds it.</summary>
    public uint PushedMark;

    /// <summary><see cref="EvpnRib"/>'s count of losses when its whole list was compared last.</summary>
    public uint ComparedAt;

    /// <summary>The encapsulation it was given with, which the configuration has a say in.</summary>
    public EncapKind PushedEncap;
}
