using System.Diagnostics.CodeAnalysis;
using Overlay.Dataplane.HandOver;

namespace Overlay.Host.Restart;

/// <summary>
/// What the supervisor keeps for us. It gets every descriptor as soon as that is open, so that a crash hands over too, and is told when one is closed: else the device or port would stay.
/// A supervisor that is slow for a while is told later (<see cref="Follow"/>); one that is not there is not asked again.
/// </summary>
/// <remarks>One caller at a time.</remarks>
/// <param name="socket">The supervisor; null if there is none, or it keeps nothing.</param>
/// <param name="isCertain">Whether it says itself that it keeps descriptors.</param>
/// <param name="warn">Told what went wrong.</param>
internal sealed class DescriptorStore(SupervisorSocket? socket, bool isCertain, Action<string> warn)
{
    // What the process before us gave, until somebody has adopted it. No descriptor has it.
    private const long Unknown = 0;

    private SupervisorSocket? _socket = socket;
    private bool _isLate;

    // What the store has of us, and what it is to be told to let go of.
    private readonly Dictionary<string, long> _stored = new(StringComparer.Ordinal);
    private readonly HashSet<string> _owed = new(StringComparer.Ordinal);

    /// <summary>Whether there is a store.</summary>
    [MemberNotNullWhen(true, nameof(_socket))]
    public bool IsThere => _socket is not null;

    /// <summary>Whether there is one for certain: systemd before 254 does not say whether the unit has one.</summary>
    public bool IsCertain => IsThere && isCertain;

    /// <summary>The store that this process's environment names: <c>NOTIFY_SOCKET</c>, and <c>FDSTORE</c> where systemd says how much it keeps. Before 254 it did not, and is
    /// known by <c>INVOCATION_ID</c>.</summary>
    public static DescriptorStore FromEnvironment(Action<string> warn)
    {
        var path = Environment.GetEnvironmentVariable("NOTIFY_SOCKET");
        var most = Environment.GetEnvironmentVariable("FDSTORE") is { Length: > 0 } said ? said : null;
        var keeps = most is null ? Environment.GetEnvironmentVariable("INVOCATION_ID") is { Length: > 0 } : most != "0";
        return new DescriptorStore(path is ['/' or '@', _, ..] && keeps ? new SupervisorSocket(path) : null, most is not null, warn);
    }

    /// <summary>Says what the store had when this process began. Once, before everything else.</summary>
    public void Begin(IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            _stored[name] = Unknown;
        }
    }

    /// <summary>Takes names out of the store, with a warning where there is a reason, and waits until it has let go of them.</summary>
    public void Forget(IReadOnlyList<(string Name, string Why)> refused)
    {
        foreach (var (name, why) in refused)
        {
            if (why.Length > 0)
            {
                warn($"a descriptor that was handed over is not used, {name}: {why}");
            }
        }

        foreach (var name in refused.Select(static one => one.Name))
        {
            Owe(name);
        }

        if (IsThere && Settle())
        {
            _ = IsDone(_socket.Await());
        }
    }

    /// <summary>Takes one out of the store without waiting for it.</summary>
    public void Drop(string name)
    {
        Owe(name);
        _ = Settle();
    }

    /// <summary>Gives the store what it has not, and takes out what is open no more. What it does not take now is given to it at the next call.</summary>
    /// <returns>Whether nothing is left to be told.</returns>
    public bool Follow(IReadOnlyCollection<HeldDescriptor> held)
    {
        if (!IsThere)
        {
            return true;
        }

        var ids = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var one in held)
        {
            ids[one.Name] = one.Id;
            if (one.IsInherited && _stored.TryGetValue(one.Name, out var known) && known == Unknown)
            {
                _stored[one.Name] = one.Id;
            }
        }

        foreach (var (name, id) in _stored.ToArray())
        {
            if (!ids.TryGetValue(name, out var now) || now != id)
            {
                Owe(name);
            }
        }

        if (!Settle())
        {
            return false;
        }

        foreach (var one in held)
        {
            if (_stored.ContainsKey(one.Name))
            {
                continue;
            }

            if (!IsThere || !IsDone(_socket.Store(one.Name, one.Descriptor)))
            {
                return false;
            }

            _stored[one.Name] = one.Id;
        }

        _isLate = false;
        return true;
    }

    /// <summary>Leaves a state to the next process. Whether the store has it now, and everything that was sent before.</summary>
    public bool Leave(ReadOnlySpan<byte> state)
    {
        if (!IsThere)
        {
            return false;
        }

        using var file = MemoryFile.TryCreate(state);
        Owe(DescriptorNames.State);
        return file is not null && Settle() && IsThere && IsDone(_socket.Store(DescriptorNames.State, file.Descriptor)) && IsThere && IsDone(_socket.Await());
    }

    private void Owe(string name)
    {
        _stored.Remove(name);
        _owed.Add(name);
    }

    // In the order of sending nothing is given under a name before what had it is taken out.
    private bool Settle()
    {
        foreach (var name in _owed.ToArray())
        {
            if (!IsThere || !IsDone(_socket.Remove(name)))
            {
                return false;
            }

            _owed.Remove(name);
        }

        return IsThere;
    }

    private bool IsDone(int result)
    {
        if (result >= 0)
        {
            return true;
        }

        if (SupervisorSocket.IsGone(result))
        {
            _socket = null;
            warn($"the service manager does not take descriptors ({SupervisorSocket.Describe(result)}): a restart will lose frames");
        }
        else if (!_isLate)
        {
            _isLate = true;
            warn($"the service manager does not take descriptors now ({SupervisorSocket.Describe(result)}): tried again each second; a restart before that loses frames");
        }

        return false;
    }
}
