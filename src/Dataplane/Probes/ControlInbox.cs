using System.Threading.Channels;

namespace Overlay.Dataplane.Probes;

/// <summary>
/// The bounded way of control frames from all workers to the control side. <b>Threading:</b> any worker puts in, past its own <see cref="ControlGate"/>, which is what keeps
/// the cost of it down; one reader.
/// </summary>
internal sealed class ControlInbox
{
    /// <summary>Frames that may wait.</summary>
    internal const int Size = 1024;

    private readonly Channel<ControlFrame> _frames = Channel.CreateBounded<ControlFrame>(new BoundedChannelOptions(Size) { SingleReader = true });

    /// <summary>Where they come out.</summary>
    internal ChannelReader<ControlFrame> Reader => _frames.Reader;

    /// <summary>Puts one in; false if there is no room.</summary>
    internal bool TryPut(in ControlFrame frame) => _frames.Writer.TryWrite(frame);

    /// <summary>No more will come.</summary>
    internal void Complete() => _ = _frames.Writer.TryComplete();
}
