using System.Net.Sockets;
using System.Numerics;
using Overlay.Control.Evpn.Bgp.Wire;
using Overlay.Control.Evpn.Options;
using Overlay.Encap;

namespace Overlay.Control.Evpn.Bgp.Session;

/// <summary>Listening sockets, their keys, and whom a connection belongs to.</summary>
internal sealed partial class BgpSpeaker
{
    private const int MaxLingering = 16;
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(30);

    /// <summary>Longer than any back-off, which would be forgotten with the neighbour.</summary>
    private static readonly TimeSpan DynamicMemory = TimeSpan.FromSeconds(120);

    private static readonly TimeSpan RejectLinger = TimeSpan.FromSeconds(1);
    private static readonly UnderlayAddress AnyIPv4 = UnderlayAddress.FromIPv4(0);
    private readonly HashSet<string> _keyProblems = new(StringComparer.Ordinal);
    private long _refused;
    private int _lingering;

    /// <summary>Opens the listeners that are missing and closes those that are not wanted, and sets keys on the others.</summary>
    private void UpdateListeners()
    {
        var wanted = new List<(UnderlayAddress Address, bool IsOptional)>();
        if (_options.ListenPort != 0)
        {
            if (_options.ListenAddresses.IsDefaultOrEmpty)
                wanted.AddRange([(AnyIPv4, false), (default, true)]);
            else
                wanted.AddRange(_options.ListenAddresses.Distinct().Select(static a => (a, false)));
        }

        foreach (BgpListener listener in _listeners.ToArray())
        {
            bool isWanted = listener.Port == _options.ListenPort && wanted.Any(w => w.Address == listener.Address);
            if (isWanted)
            {
                listener.With(socket => SetKeys(socket, listener.Address.IsIPv4));
                continue;
            }

            _ = _listeners.Remove(listener);
            _ = listener.StopAsync();
        }

        foreach ((UnderlayAddress address, bool isOptional) in wanted)
        {
            if (_listeners.Exists(l => l.Address == address))
                continue;
            bool isIPv4 = address.IsIPv4;
            var listener = new BgpListener(address, _options.ListenPort, isOptional, socket => Prepare(socket, isIPv4), Accepted, _context.Time, _context.Log);
            _listeners.Add(listener);
            listener.Start();
        }
    }

    private void Prepare(Socket socket, bool isIPv4)
    {
        lock (_gate)
        {
            SetKeys(socket, isIPv4);
        }
    }

    private void SetKeys(Socket socket, bool isIPv4)
    {
        foreach (EvpnNeighborOptions neighbor in _options.Neighbors)
        {
            if (neighbor.Address.IsIPv4 == isIPv4 && neighbor.Password is { } password)
                NoteKey(neighbor.Address.ToString(), TcpMd5.TrySet(socket, neighbor.Address, password));
        }

        foreach (EvpnDynamicOptions dynamic in _options.Dynamic)
        {
            if (dynamic.Prefix.IsIPv4 == isIPv4 && dynamic.Password is { } password)
                NoteKey(TextOf(dynamic), TcpMd5.TrySetPrefix(socket, dynamic.Prefix, dynamic.PrefixLength, password));
        }
    }

    private void NoteKey(string name, string? problem)
    {
        if (problem is null)
            _ = _keyProblems.Remove(name);
        else if (_keyProblems.Add(name))
            EvpnLog.KeyRefused(_context.Log, name, problem);
    }

    private void RemoveKeys(EvpnOptions before, EvpnOptions after)
    {
        // Set anew below; a neighbour that needs none any more has no problem with it.
        _keyProblems.Clear();
        foreach (BgpListener listener in _listeners)
        {
            listener.With(socket =>
            {
                foreach (EvpnNeighborOptions old in before.Neighbors)
                {
                    bool isKept = after.Neighbors.Any(n => n.Address == old.Address && n.Password is not null);
                    if (old.Password is not null && !isKept && old.Address.IsIPv4 == listener.Address.IsIPv4)
                        _ = TcpMd5.TrySet(socket, old.Address, null);
                }

                foreach (EvpnDynamicOptions old in before.Dynamic)
                {
                    bool isKept = after.Dynamic.Any(d => d.Prefix == old.Prefix && d.PrefixLength == old.PrefixLength && d.Password is not null);
                    if (old.Password is not null && !isKept && old.Prefix.IsIPv4 == listener.Address.IsIPv4)
                        _ = TcpMd5.TrySetPrefix(socket, old.Prefix, old.PrefixLength, null);
                }
            });
        }
    }

    private void Accepted(Socket socket)
    {
        try
        {
            Route(socket);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or IOException)
        {
            // Reset before it was looked at.
            socket.Dispose();
        }
    }

    private void Route(Socket socket)
    {
        UnderlayAddress address = BgpSockets.AddressOf(socket.RemoteEndPoint);
        BgpNeighbor? neighbor;
        string? refusal;
        BgpError? answer;
        lock (_gate)
        {
            (neighbor, refusal, answer) = Find(address);
        }

        if (neighbor is not null)
            refusal = BgpSockets.SetUpAccepted(socket, address, neighbor.Options, neighbor.IsInternal);
        if (neighbor is not null && refusal is null)
            neighbor.Accept(socket);
        else
            Refuse(socket, address, refusal ?? "stopping", answer);
    }

    private (BgpNeighbor? Neighbor, string? Refusal, BgpError? Answer) Find(UnderlayAddress address)
    {
        if (!_isRunning)
            return (null, "stopping", null);
        if (_neighbors.TryGetValue(address, out BgpNeighbor? known))
            return HasKeyProblem(known) ? (null, "its TCP MD5 key cannot be set", null) : (known, null, null);
        if (PrefixOf(address) is not { } prefix)
            return (null, "it is no neighbour", null);
        if (_keyProblems.Contains(TextOf(prefix)))
            return (null, "the TCP MD5 key of its prefix cannot be set", null);
        BgpNeighbor[] others = [.. _neighbors.Values.Where(n => n.IsDynamic && PrefixOf(n.Address) == prefix)];
        if (others.Length >= prefix.Limit)
        {
            BgpNeighbor? oldest = others.Where(static n => n.IdleSince is not null).MinBy(static n => n.IdleSince);
            if (oldest is null)
                return (null, $"prefix {TextOf(prefix)} has {prefix.Limit} neighbours, its limit", SessionErrors.OutOfResources);
            Forget(oldest);
        }

        EvpnLog.DynamicAdded(_context.Log, address.ToString(), TextOf(prefix));
        return (Add(address, prefix), null, null);
    }

    private bool HasKeyProblem(BgpNeighbor neighbor) =>
        _keyProblems.Contains(neighbor.Options is EvpnDynamicOptions prefix ? TextOf(prefix) : neighbor.Name);

    /// <summary>The longest prefix that covers an address, or null.</summary>
    private EvpnDynamicOptions? PrefixOf(UnderlayAddress address) => _options.Dynamic
        .Where(d => Covers(d, address))
        .MaxBy(static d => d.PrefixLength);

    private static bool Covers(EvpnDynamicOptions prefix, UnderlayAddress address)
    {
        if (prefix.Prefix.Family != address.Family)
            return false;

        // As one number of 128 bits; that of an IPv4 address has 96 bits in common with all others.
        int length = prefix.PrefixLength + (address.IsIPv4 ? 96 : 0);
        var difference = new UInt128(prefix.Prefix.Hi ^ address.Hi, prefix.Prefix.Lo ^ address.Lo);
        return length == 0 || difference >> (128 - length) == 0;
    }

    private static string TextOf(EvpnDynamicOptions prefix) => $"{prefix.Prefix}/{prefix.PrefixLength}";

    private void Refuse(Socket socket, UnderlayAddress address, string reason, BgpError? answer)
    {
        // Anybody can connect again and again: of the first, the second, the fourth ... there is a line.
        long count = Interlocked.Increment(ref _refused);
        if (BitOperations.IsPow2(count))
            EvpnLog.ConnectionRefused(_context.Log, address.ToString(), reason, count);
        if (answer is not { } error || Interlocked.Increment(ref _lingering) > MaxLingering)
        {
            if (answer is not null)
                Interlocked.Decrement(ref _lingering);
            socket.Dispose();
            return;
        }

        _ = SayNoAsync(socket, SessionErrors.ToMessage(error));
    }

    private async Task SayNoAsync(Socket socket, byte[] message)
    {
        using var limit = new CancellationTokenSource(RejectLinger);
        try
        {
            await socket.SendAsync(message.AsMemory(), SocketFlags.None, limit.Token);
            socket.Shutdown(SocketShutdown.Send);
            byte[] rest = new byte[512];
            while (await socket.ReceiveAsync(rest.AsMemory(), SocketFlags.None, limit.Token) > 0)
            {
                // Its OPEN; closing before it is read would reset the connection and lose our word.
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It does not want to know.
        }
        finally
        {
            socket.Dispose();
            Interlocked.Decrement(ref _lingering);
        }
    }

    /// <summary>Forgets neighbours of prefixes that have been away for long.</summary>
    private void Sweep()
    {
        if (!_sweep.TakeExpiry())
            return;
        lock (_gate)
        {
            if (!_isRunning)
                return;
            foreach (BgpNeighbor neighbor in _neighbors.Values.Where(n => n.IsDynamic).ToArray())
            {
                if (neighbor.IdleSince is { } since && _context.Time.GetElapsedTime(since) >= DynamicMemory)
                    Forget(neighbor);
            }

            _sweep.Start(SweepInterval);
        }
    }

    private void Forget(BgpNeighbor neighbor)
    {
        _ = _neighbors.Remove(neighbor.Address);
        _ = EndAsync(neighbor, null, BgpCloseKind.TransportLost, "away for long");
    }
}
