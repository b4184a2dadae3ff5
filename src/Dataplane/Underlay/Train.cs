namespace Overlay.Dataplane.Underlay;

/// <summary>Datagrams that leave in one message: of one length, but for the last, to one end point by one socket.</summary>
internal struct Train
{
    /// <summary>The first item; the others follow by <see cref="TrainBuilder.Next"/>.</summary>
    internal int First;

    /// <summary>The last item.</summary>
    internal int Last;

    /// <summary>Items; 0 if the only one left with an earlier train.</summary>
    internal int ItemCount;

    /// <summary>Datagrams of all items.</summary>
    internal int Datagrams;

    /// <summary>Octets of all datagrams.</summary>
    internal int Octets;

    /// <summary>Octets of every datagram but the last.</summary>
    internal int DatagramLength;

    /// <summary>The socket it leaves by.</summary>
    internal int Socket;

    /// <summary>Next hop, octets of the tunnel header, TOS and TTL of all of it.</summary>
    internal (int NextHop, int Tunnel, byte Tos, byte Ttl) Kind;

    /// <summary>The latest train, when this one was begun, that has a frame of its first item's flow; negative for none.</summary>
    internal int Before;

    /// <summary>Nothing may follow: the last datagram is shorter, or this kind does not travel together.</summary>
    internal bool IsClosed;

    /// <summary>Its datagrams are messages of their own.</summary>
    internal bool IsLoose;

    /// <summary>The next train of the socket; negative for the last.</summary>
    internal int NextOfSocket;
}
