using System.Threading.Channels;

namespace Overlay.Control.Loop;

/// <summary>
/// The bounded channel through which one plane is told of our side. What does not fit is lost, and then the plane is given a
/// <see cref="LocalEventKind.Resync"/> and everything again, from a cursor, as it makes room. Written by the control thread.
/// </summary>
internal sealed class PlaneFeed
{
    private readonly int _size;
    private Channel<LocalEvent> _channel;

    public PlaneFeed(int size)
    {
        _size = size;
        _channel = Make(size);
    }

    public ChannelReader<LocalEvent> Reader => _channel.Reader;

    /// <summary>Everything has to be told (again), from <see cref="Cursor"/>.</summary>
    public bool IsReplaying { get; private set; }

    /// <summary>Where the replay stands; the owner of the state knows what it means.</summary>
    public long Cursor { get; set; }

    public long Lost { get; private set; }

    /// <summary>True while a replay may write: half of the channel is kept for what happens meanwhile.</summary>
    public bool HasRoom => _channel.Reader.Count < _size / 2;

    /// <summary>A new run of the plane: a new channel, and everything from the beginning.</summary>
    public void Restart()
    {
        _ = _channel.Writer.TryComplete();
        _channel = Make(_size);
        BeginReplay();
    }

    public void Close() => _ = _channel.Writer.TryComplete();

    /// <summary>Tells one fact, or notes that it was lost.</summary>
    public void Tell(in LocalEvent fact)
    {
        if (!_channel.Writer.TryWrite(fact))
        {
            Lost++;
            BeginReplay();
        }
    }

    /// <summary>
    /// Tells what is no fact but a question: it is not told again, so one that does not fit is lost for nobody but who asks. Half of the channel is kept for facts, or whoever makes
    /// us ask for much would have everything told again.
    /// </summary>
    /// <returns>False if there is no room.</returns>
    public bool TryAsk(in LocalEvent question) => HasRoom && _channel.Writer.TryWrite(question);

    public void EndReplay() => IsReplaying = false;

    private static Channel<LocalEvent> Make(int size) =>
        Channel.CreateBounded<LocalEvent>(new BoundedChannelOptions(size) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true, SingleWriter = true });

    private void BeginReplay()
    {
        IsReplaying = true;
        Cursor = 0;
    }
}
