using System.Diagnostics;
using Overlay.Dataplane.Interop;

namespace Overlay.Dataplane.HandOver;

/// <summary>
/// The descriptors that a supervisor gave to this process: what the one before it had open. Each is adopted once, by whoever has verified that it is what its name says, or closed.
/// </summary>
/// <remarks>
/// <b>Threading:</b> a lock. <b>Ownership:</b> owns what nobody has taken; <see cref="Dispose"/> closes it.
/// What is refused here is still open in the supervisor's store: a socket would go on sharing its port, and a queue getting frames. So whoever opens anew what was refused calls
/// <see cref="Settle"/> first.
/// </remarks>
public sealed class InheritedDescriptors : IDisposable
{
    /// <summary>The number of the first one (sd_listen_fds(3)).</summary>
    public const int First = 3;

    // A supervisor says that it has let go of a descriptor when it has begun to close it (systemd closes in a process of its own).
    private static readonly TimeSpan LateClose = TimeSpan.FromMilliseconds(3000);
    private static readonly TimeSpan LateClosePoll = TimeSpan.FromMilliseconds(5);

    private readonly Lock _lock = new();
    private long _settled;
    private readonly SortedDictionary<string, FileDescriptor> _left = new(StringComparer.Ordinal);
    private readonly List<(string Name, string Why)> _refused = [];
    private readonly HashSet<ulong> _cookies = [];

    /// <summary>Told what was refused, name and reason, before anything takes its place; returns when the store has let go of it.</summary>
    public Action<IReadOnlyList<(string Name, string Why)>>? Forget { get; set; }

    /// <summary>The names of all that there were, ours or not.</summary>
    public IReadOnlyCollection<string> Names { get; private init; } = [];

    /// <summary>Whether there is any left.</summary>
    public bool IsEmpty
    {
        get
        {
            lock (_lock)
                return _left.Count == 0;
        }
    }

    /// <summary>
    /// Takes over the descriptors from <see cref="First"/> on, in the order of their names. What is not open, or was opened by this process, was not passed to us and is left alone: a wrong
    /// number in the environment must not close what the runtime lives on. A name that is not ours, or that comes twice, is refused.
    /// </summary>
    /// <param name="names">Their names.</param>
    public static InheritedDescriptors Collect(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        var all = new InheritedDescriptors { Names = [.. names] };
        for (int i = 0; i < names.Count; i++)
        {
            int descriptor = First + i;
            if (!Descriptors.IsInherited(descriptor))
                continue;
            _ = Descriptors.SetCloseOnExec(descriptor);
            var owned = new FileDescriptor(descriptor);
            if (!names[i].StartsWith(DescriptorNames.Prefix, StringComparison.Ordinal))
                all.Refuse(names[i], owned, "not a name of overlayd");
            else if (!all._left.TryAdd(names[i], owned))
                all.Refuse(names[i], owned, "there are two of that name");
        }

        return all;
    }

    /// <summary>Takes one; the caller owns it. Null if there is none.</summary>
    internal FileDescriptor? Take(string name)
    {
        lock (_lock)
            return _left.Remove(name, out FileDescriptor? taken) ? taken : null;
    }

    /// <summary>Reads what the process before us left as <see cref="DescriptorNames.State"/>; null if it left nothing. It is in the store still.</summary>
    /// <param name="most">Octets that are believed at most.</param>
    public byte[]? TakeState(int most)
    {
        using FileDescriptor? taken = Take(DescriptorNames.State);
        if (taken is null)
            return null;
        byte[]? content = MemoryFile.Read(taken, most);
        if (content is null)
            Note(DescriptorNames.State, "it is no file, or too long");
        return content;
    }

    /// <summary>Whether there is one of a name.</summary>
    internal bool Has(string name)
    {
        lock (_lock)
            return _left.ContainsKey(name);
    }

    /// <summary>Whether a socket is one that was not adopted before, under whatever name.</summary>
    internal bool IsNew(ulong cookie)
    {
        lock (_lock)
            return _cookies.Add(cookie);
    }

    /// <summary>Closes one that is not what it should be.</summary>
    internal void Refuse(string name, FileDescriptor descriptor, string why)
    {
        descriptor.Dispose();
        Note(name, why);
    }

    /// <summary>Says that one that was taken is closed.</summary>
    internal void Note(string name, string why)
    {
        lock (_lock)
            _refused.Add((name, why));
    }

    /// <summary>Closes all that begin with something and were not taken.</summary>
    /// <param name="prefix">What their names begin with; empty for all.</param>
    /// <param name="why">The reason.</param>
    public void RefuseRest(string prefix, string why)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        lock (_lock)
        {
            foreach (string name in _left.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).ToArray())
            {
                _left[name].Dispose();
                _ = _left.Remove(name);
                _refused.Add((name, why));
            }
        }
    }

    /// <summary>Closes the queues of all TAPs but some: a device by another name, or in a namespace by another, could not be opened while they are open.</summary>
    /// <param name="taps">Those that are configured, by device and namespace.</param>
    public void RefuseTapsBut(IEnumerable<(string Device, string? Netns)> taps)
    {
        var wanted = taps.Select(static tap => DescriptorNames.TapOf(tap.Device, tap.Netns)).ToHashSet(StringComparer.Ordinal);
        string[] strange;
        lock (_lock)
            strange = [.. _left.Keys.Where(name => DescriptorNames.IsTap(name) && !wanted.Contains(name[..(name.LastIndexOf('.') + 1)]))];
        foreach (string name in strange)
            RefuseRest(name, "it is not configured any more");
        Settle();
    }

    /// <summary>Waits until nobody has what was refused, as far as the store says so: see <see cref="AwaitClose"/>.</summary>
    public void Settle()
    {
        (string, string)[] refused;
        lock (_lock)
        {
            refused = [.. _refused];
            _refused.Clear();
        }

        if (refused.Length == 0)
            return;
        Forget?.Invoke(refused);
        Volatile.Write(ref _settled, Stopwatch.GetTimestamp());
    }

    /// <summary>For whoever finds a port or device in use: true, after a moment, while that may be something refused which the store has not closed yet.</summary>
    public bool AwaitClose()
    {
        long settled = Volatile.Read(ref _settled);
        if (settled == 0 || Stopwatch.GetElapsedTime(settled) > LateClose)
            return false;
        Thread.Sleep(LateClosePoll);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (FileDescriptor descriptor in _left.Values)
                descriptor.Dispose();
            _left.Clear();
        }
    }
}
