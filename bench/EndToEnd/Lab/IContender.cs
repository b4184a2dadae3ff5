namespace Overlay.EndToEnd.Lab;

/// <summary>An overlay that can join two hosts.</summary>
internal interface IContender
{
    /// <summary>Its name on the command line and in tables.</summary>
    string Name { get; }

    /// <summary>What it is, in a few words.</summary>
    string Description { get; }

    /// <summary>Rows that say something about it in a run over both wires; a run over one wire takes those of <see cref="Wire.Veth"/>.</summary>
    IReadOnlyList<Row> RowsOn(Wire wire);

    /// <summary>Octets that an outer packet is longer than the inner IP packet.</summary>
    int Overhead { get; }

    /// <summary>Whether the underlay is IPv6.</summary>
    bool IPv6Underlay => false;

    /// <summary>Whether the underlay's devices pass unfinished checksums and super-frames.</summary>
    bool UnderlayOffloads => true;

    /// <summary>
    /// Makes <see cref="Address.Port"/> on both hosts, joined. What it starts belongs to the lab. In <see cref="Layout.Many"/> the near host sends what
    /// goes to <see cref="Address.FarMac"/> to the VTEP of the same index. MACs, MTU and addresses of the devices are set by the lab afterwards.
    /// </summary>
    /// <returns>The processes that do the work.</returns>
    IReadOnlyList<int> Join(TwoHosts hosts);

    /// <summary>In <see cref="Layout.Many"/>: gives the far host its 16 MACs. Default: a macvlan each on the overlay's device.</summary>
    void AddFarMacs(TwoHosts hosts) => hosts.AddFarMacsByMacvlan();
}
