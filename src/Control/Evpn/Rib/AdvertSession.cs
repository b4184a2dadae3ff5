using System.Buffers;
using Overlay.Control.Evpn.Bgp.Session;
using Overlay.Control.Evpn.Bgp.Wire;

namespace Overlay.Control.Evpn.Rib;

/// <summary>How far a session is in the order of changes. Under the lock of the adverts.</summary>
internal sealed class AdvertSession
{
    public AdvertSession(IBgpSession session, int tail)
    {
        Session = session;
        Born = DumpEnd = tail;
        Writer = new UpdateWriter(Counted, session.Facts.MaxMessageLength, session.Facts.HasFourOctetAs);
    }

    public IBgpSession Session { get; }

    /// <summary>Where messages go, in between.</summary>
    public CountedWriter Counted { get; } = new();

    /// <summary>Packs into <see cref="Counted"/>.</summary>
    public UpdateWriter Writer { get; }

    /// <summary>The next change to look at.</summary>
    public int Cursor { get; set; }

    /// <summary>Changes before it were before the session: what is not announced there needs no withdraw.</summary>
    public int Born { get; set; }

    /// <summary>Behind it the dump that was asked for is complete.</summary>
    public int DumpEnd { get; set; }

    public bool HasSentEndOfRib { get; set; }

    /// <summary>BoRR is to be sent (RFC 7313).</summary>
    public bool OwesBegin { get; set; }

    /// <summary>EoRR is to be sent behind the dump.</summary>
    public bool OwesEnd { get; set; }
}

/// <summary>Hands octets on to the writer of the call, and counts them.</summary>
internal sealed class CountedWriter : IBufferWriter<byte>
{
    private IBufferWriter<byte> _output = null!;

    public int Count { get; private set; }

    public void Use(IBufferWriter<byte> output)
    {
        _output = output;
        Count = 0;
    }

    public void Advance(int count)
    {
        Count += count;
        _output.Advance(count);
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => _output.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => _output.GetSpan(sizeHint);
}
