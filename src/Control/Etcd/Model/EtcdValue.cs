using System.Collections.Immutable;
using Overlay.Encap;

namespace Overlay.Control.Etcd.Model;

/// <summary>A value of the schema; what a kind does not have is default.</summary>
internal readonly record struct EtcdValue
{
    /// <summary>Whose word it is: the VTEP's name.</summary>
    public string Vtep { get; init; }

    /// <summary>Mobility sequence of a MAC.</summary>
    public uint Sequence { get; init; }

    /// <summary>The MAC does not move.</summary>
    public bool Sticky { get; init; }

    /// <summary>The owner takes it back; the key is deleted next, or ends with its lease.</summary>
    public bool Withdrawn { get; init; }

    /// <summary>The MAC of a neighbour.</summary>
    public MacAddress Mac { get; init; }

    /// <summary>The neighbour is a router (RFC 9047).</summary>
    public bool IsRouter { get; init; }

    /// <summary>A VTEP's addresses, the preferred first.</summary>
    public ImmutableArray<UnderlayAddress> Addresses { get; init; }

    /// <summary>Encapsulations a VTEP accepts, with the port of each, the preferred first.</summary>
    public ImmutableArray<(EncapKind Kind, ushort Port)> Encaps { get; init; }

    /// <summary>The host a VTEP runs on, for people.</summary>
    public string? Host { get; init; }

    /// <summary>Which run of the daemon wrote a VTEP.</summary>
    public string? Run { get; init; }
}
