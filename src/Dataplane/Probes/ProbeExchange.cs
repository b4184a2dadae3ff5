using System.Security.Cryptography;
using Overlay.Dataplane.Buffers;
using Overlay.Dataplane.Diagnostics;
using Overlay.Dataplane.Forwarding;
using Overlay.Dataplane.Underlay;
using Overlay.Encap;
using Overlay.Encap.Probes;
using Overlay.Forwarding;

namespace Overlay.Dataplane.Probes;

/// <summary>
/// Asks other VTEPs whether encapsulated frames reach them, and answers when they ask. A question carries a random number of 128 bits that its answer has to repeat; a question
/// of an admitted VTEP gets one answer, as long as itself or shorter, in the encapsulation and the VNI it came in.
/// </summary>
/// <remarks><b>Threading:</b> <see cref="ProbeAsync"/> from any thread, one at a time (others wait); answers are given by one task of its own. No worker waits for anything here.</remarks>
public sealed class ProbeExchange
{
    /// <summary>Questions to each target.</summary>
    public const int Rounds = 3;

    /// <summary>Targets of one call, at most.</summary>
    public const int MaxTargets = 256;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan LastWait = TimeSpan.FromMilliseconds(1000);
    private readonly ForwardingState _forwarding;
    private readonly TimeProvider _time;
    private readonly Lock _guard = new();
    private readonly Dictionary<(ulong High, ulong Low), Question> _open = [];
    private readonly TxBatch _batch = new(1);
    private readonly FrameOutcomes _outcomes = new(1);
    private readonly byte[] _frame = GC.AllocateArray<byte>(ProbeFrame.Length, pinned: true);
    private readonly EncapTemplate _vxlan = EncapTemplate.Vxlan();
    private readonly EncapTemplate _geneve = EncapTemplate.Geneve(oam: true);
    private readonly Vtep _nobody = new(default, "probe");
    private IUnderlay? _underlay;
    private int _isProbing;

    internal ProbeExchange(ForwardingState forwarding, TimeProvider time)
    {
        _forwarding = forwarding;
        _time = time;
    }

    /// <summary>What the workers put into.</summary>
    internal ControlInbox Inbox { get; } = new();

    /// <summary>Asks each target <see cref="Rounds"/> times and waits about a second for what is missing; returns as soon as everything was answered.</summary>
    /// <param name="targets">At most <see cref="MaxTargets"/>.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>One result a target, in their order.</returns>
    public async Task<IReadOnlyList<ProbeResult>> ProbeAsync(IReadOnlyList<ProbeTarget> targets, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(targets.Count, MaxTargets, nameof(targets));
        while (Interlocked.CompareExchange(ref _isProbing, 1, 0) != 0)
            await Task.Delay(Pace, _time, cancellation).ConfigureAwait(false);
        List<Question> questions = [];
        try
        {
            for (int round = 0; round < Rounds; round++)
            {
                if (round > 0)
                    await Task.Delay(Pace, _time, cancellation).ConfigureAwait(false);
                foreach (ProbeTarget target in targets)
                    questions.Add(Ask(target));
            }

            Task answers = Task.WhenAll(questions.Where(static question => question.Refused == DropReason.None).Select(static question => question.Answer.Task));
            _ = await Task.WhenAny(answers, Task.Delay(LastWait, _time, cancellation)).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            return [.. targets.Select((target, index) => Sum(target, questions, index, targets.Count))];
        }
        finally
        {
            lock (_guard)
            {
                foreach (Question question in questions)
                    _ = _open.Remove(question.Nonce);
            }

            Volatile.Write(ref _isProbing, 0);
        }
    }

    /// <summary>From now on questions can be sent and are answered.</summary>
    internal void Start(IUnderlay underlay)
    {
        _underlay = underlay;
        _ = Task.Run(ServeAsync);
    }

    /// <summary>Nothing is sent any more when this returns.</summary>
    internal void Stop()
    {
        Inbox.Complete();
        lock (_guard)
            _underlay = null;
    }

    private static ProbeResult Sum(ProbeTarget target, List<Question> questions, int index, int stride)
    {
        int sent = 0;
        int answered = 0;
        TimeSpan? least = null;
        UnderlayAddress from = default;
        DropReason refused = DropReason.None;
        for (int i = index; i < questions.Count; i += stride)
        {
            Question question = questions[i];
            refused = question.Refused;
            sent += refused == DropReason.None ? 1 : 0;
            if (!question.Answer.Task.IsCompletedSuccessfully)
                continue;
            (UnderlayAddress source, TimeSpan roundTrip) = question.Answer.Task.Result;
            answered++;
            from = source;
            least = least is { } best && best < roundTrip ? best : roundTrip;
        }

        return new ProbeResult(target, sent, answered, least, from, refused);
    }

    private Question Ask(ProbeTarget target)
    {
        Span<byte> random = stackalloc byte[16];
        RandomNumberGenerator.Fill(random);
        Question question = new(target, (BitConverter.ToUInt64(random), BitConverter.ToUInt64(random[8..])));
        lock (_guard)
        {
            _open[question.Nonce] = question;
            question.SentAt = _time.GetTimestamp();
            question.Refused = Send(target, new ProbeFrame(ProbeKind.Question, question.Nonce.High, question.Nonce.Low));
        }

        return question;
    }

    private async Task ServeAsync()
    {
        await foreach (ControlFrame frame in Inbox.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            if (frame.Probe.Kind == ProbeKind.Answer)
                TakeAnswer(in frame);
            else
                GiveAnswer(in frame);
        }
    }

    private void TakeAnswer(in ControlFrame frame)
    {
        Question? question;
        lock (_guard)
        {
            // A number that we did not give out, or an answer to what was answered: nothing hangs on it.
            if (!_open.TryGetValue((frame.Probe.NonceHigh, frame.Probe.NonceLow), out question) || question.Target.Vni != frame.Vni || !_open.Remove(question.Nonce))
                return;
        }

        _ = question.Answer.TrySetResult((frame.Source, _time.GetElapsedTime(question.SentAt, frame.At)));
    }

    private void GiveAnswer(in ControlFrame frame)
    {
        ProbeTarget target = new(frame.Source, frame.Encap, PortOf(in frame), frame.Vni);
        lock (_guard)
            _ = Send(target, frame.Probe with { Kind = ProbeKind.Answer });
    }

    // Where the VTEP listens for this encapsulation, as far as we were told; else where everybody does.
    private ushort PortOf(in ControlFrame frame)
    {
        NextHop?[] hops = _forwarding.Current.NextHops;
        if ((uint)frame.SourceHop < (uint)hops.Length && Volatile.Read(ref hops[frame.SourceHop]) is { } own)
        {
            if (own.Spec.Encap == frame.Encap)
                return own.Spec.Port;
            foreach (NextHop hop in _forwarding.ListNextHops())
            {
                if (!hop.IsGroup && hop.Vtep == own.Vtep && hop.Spec.Encap == frame.Encap)
                    return hop.Spec.Port;
            }
        }

        return frame.Encap == EncapKind.Geneve ? (ushort)6081 : (ushort)4789;
    }

    // By the way of ordinary frames: the same sockets, addresses and refusals.
    private DropReason Send(in ProbeTarget target, in ProbeFrame probe)
    {
        if (_underlay is not { } underlay)
            return DropReason.ShuttingDown;
        probe.WriteTo(_frame);
        EncapTemplate template = target.Encap == EncapKind.Vxlan ? _vxlan : _geneve;
        _batch.Clear();
        _batch.Payloads = _frame;
        _batch.NextHops = [new NextHop(default, _nobody, new NextHopSpec(default, target.Address, target.Encap, target.Port, PolicyOptionMode.Advisory), [])];
        int header = _batch.TakeHeaders(template.Length);
        template.WriteTo(_batch.Headers.AsSpan(header), target.Vni);
        _batch.Items[0] = new TxDatagram
        {
            HeaderOffset = header,
            HeaderLength = template.Length,
            TunnelLength = template.Length,
            HeaderIsApart = true,
            PayloadLength = ProbeFrame.Length,
            Segments = 1,
            FlowHash = (uint)probe.NonceLow,
        };
        _batch.Count = 1;
        _outcomes.Reset(1);
        _ = underlay.Send(_batch, _outcomes);
        return _outcomes.ReasonOf(0);
    }

    private sealed class Question(ProbeTarget target, (ulong High, ulong Low) nonce)
    {
        internal ProbeTarget Target { get; } = target;

        internal (ulong High, ulong Low) Nonce { get; } = nonce;

        internal long SentAt { get; set; }

        internal DropReason Refused { get; set; }

        internal TaskCompletionSource<(UnderlayAddress From, TimeSpan RoundTrip)> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
