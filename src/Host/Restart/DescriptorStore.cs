using System.Diagnostics.CodeAnalysis;
using Overlay.Dataplane.HandOver;

namespace Overlay.Host.Restart;

/// <summary>
/// What the supervisor keeps for us. It gets every descriptor as soon as that is open, so that a crash hands over too, and is told when one is closed: else the device or port would stay.
/// </summary>
/// <remarks>One caller at a time.</remarks>
/// <param name="socket">The supervisor; null if there is none, or it keeps nothing.</param>
/// <param name="warn">Told what went wrong.</param>
internal sealed class DescriptorStore(SupervisorSocket? socket, Action<string> warn)
{
    private SupervisorSocket? _socket = socket;
    private readonly Dictionary<string, long> _stored = new(StringComparer.Ordinal);

    /// <summary>Whether there is a store.</summary>
    [MemberNotNullWhen(true, nameof(_socket))]
    public bool IsThere => _socket is not null;

    /// <summary>The store that this process's environment names: <c>NOTIFY_SOCKET</c>, and <c>FDSTORE</c> where systemd says how much it keeps. Before 254 it did not, and is
    /// known by <c>INVOCATION_ID</c>.</summary>
    public static DescriptorStore FromEnvironment(Action<string> warn)
    {
        var path = Environment.GetEnvironmentVariable("NOTIFY_SOCKET");
        var keeps = Environment.GetEnvironmentVariable("FDSTORE") is { Length: > 0 } most ? most != "0" : Environment.GetEnvironmentVariable("INVOCATION_ID") is { Length: > 0 };
        return new DescriptorStore(path is ['/' or '@', _, ..] && keeps ? new SupervisorSocket(path) : null, warn);
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

        if (!IsThere)
        {
            return;
        }

        foreach (var name in refused.Select(static one => one.Name).Distinct(StringComparer.Ordinal))
        {
            Complain(_socket?.Remove(name));
            _stored.Remove(name);
        }

        Complain(_socket?.Await());
    }

    /// <summary>Gives the store what it has not, and takes out what is open no more.</summary>
    public void Follow(IReadOnlyCollection<HeldDescriptor> held)
    {
        if (!IsThere)
        {
            return;
        }

        var names = held.Select(static one => one.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var gone in _stored.Keys.Where(name => !names.Contains(name)).ToArray())
        {
            Complain(_socket?.Remove(gone));
            _stored.Remove(gone);
        }

        foreach (var one in held)
        {
            if (_stored.TryGetValue(one.Name, out var known))
            {
                if (known == one.Id)
                {
                    continue;
                }

                Complain(_socket?.Remove(one.Name));
            }
            else if (one.IsInherited)
            {
                _stored[one.Name] = one.Id;
                continue;
            }

            if (Complain(_socket?.Store(one.Name, one.Descriptor)) && IsThere)
            {
                _stored[one.Name] = one.Id;
            }
        }
    }

    /// <summary>Leaves a state to the next process. Whether the store has it now, and everything that was sent before.</summary>
    public bool Leave(ReadOnlySpan<byte> state)
    {
        if (!IsThere)
        {
            return false;
        }

        using var file = MemoryFile.TryCreate(state);
        return file is not null && Complain(_socket?.Remove(DescriptorNames.State)) && Complain(_socket?.Store(DescriptorNames.State, file.Descriptor)) && Complain(_socket?.Await()) && IsThere;
    }

    // One that does not listen is not asked again: every question would take seconds.
    private bool Complain(string? fault)
    {
        if (fault is not null && IsThere)
        {
            _socket = null;
            warn($"the service manager does not take descriptors ({fault}): a restart will lose frames");
        }

        return fault is null;
    }
}
