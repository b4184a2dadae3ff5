using Overlay.Dataplane.Interop;
using static Overlay.Dataplane.Interop.BpfAssembler;

namespace Overlay.Dataplane.Steering;

/// <summary>
/// The part of a steering program that chooses between the lane and the bulk queue by the rules of <see cref="LaneTable"/>:
/// <code>
/// in bulk not long ago:       bulk
/// in != out, and not lost:    lane, whatever its length: it may not overtake what is there
/// short:                      lane
/// else:                       bulk
/// </code>
/// </summary>
internal static class LaneProgram
{
    /// <summary>A longer Ethernet frame is not short.</summary>
    internal const int ShortLength = 300;

    /// <summary>Of a datagram too; it has a tunnel header in front, with options or without.</summary>
    internal const int ShortDatagramLength = ShortLength + 64;

    /// <summary>How long a flow is kept out of the lane after a frame that was not in it: longer than anything waits in a queue.</summary>
    internal static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(500);

    /// <summary>Register that says whether the packet is short, before.</summary>
    internal const int IsShort = 7;

    // A share's frames that are not out, and the last of which was counted in this much before the lane was found empty, never will be. More than the coarse clock is late.
    private static readonly TimeSpan LostAfter = TimeSpan.FromMilliseconds(20);
    private const int Entry = 9;
    private const int Key = -4;
    private const int Now = -16;
    private const int Since = -24;

    /// <summary>The bits of a hash that choose the share; the lowest choose among bulk queues.</summary>
    internal static uint ShareOf(uint hash) => hash >> 8;

    /// <summary>Writes the part. <see cref="FlowProgram.Hash"/> holds the hash, and still does after.</summary>
    /// <param name="code">The program.</param>
    /// <param name="table">The table.</param>
    /// <param name="lane">Where to go on for the lane.</param>
    /// <param name="bulk">Where to go on for the bulk queue.</param>
    internal static void Emit(BpfAssembler code, LaneTable table, int lane, int bulk)
    {
        int follow = code.NewLabel();
        int none = code.NewLabel();
        int toBulk = code.NewLabel();
        code.Do(Alu.Move, 1, FlowProgram.Hash);
        code.DoImmediate(Alu.ShiftRight, 1, 8);
        code.DoImmediate(Alu.And, 1, table.Shares - 1);
        SetKeyFrom(code, 1);
        Lookup(code, table.Descriptor, bulk);
        code.Do(Alu.Move, Entry, 0);
        code.Call(Bpf.KtimeGetCoarse);
        code.Store(Width.Double, Frame, Now, 0);

        // Nearly every frame of a bulk flow goes this way. The clocks of two processors may differ by a tick: less than nothing is recent too.
        code.Load(Width.Double, 1, Entry, LaneTable.BulkOffset);
        code.Do(Alu.Subtract, 0, 1);
        code.JumpIf(0, When.SignedLessOrEqual, Nanoseconds(Silence), toBulk);

        // Is a frame of this share in the lane? If the lane was found empty well after the last one went in, they are lost.
        code.Load(Width.Word, 1, Entry, LaneTable.InOffset);
        code.Load(Width.Word, 2, Entry, LaneTable.OutOffset);
        code.JumpIfRegister(1, When.Equal, 2, none);
        code.Load(Width.Double, 1, Entry, LaneTable.SinceOffset);
        code.Store(Width.Double, Frame, Since, 1);
        SetKey(code, table.Shares);
        Lookup(code, table.Descriptor, bulk);
        code.Load(Width.Double, 1, 0, 0);
        code.Load(Width.Double, 2, Frame, Since);
        code.Do(Alu.Subtract, 1, 2);
        code.JumpIf(1, When.SignedLessOrEqual, Nanoseconds(LostAfter), follow);
        code.Load(Width.Word, 2, Entry, LaneTable.OutOffset);
        code.Store(Width.Word, Entry, LaneTable.InOffset, 2);

        code.Place(none);
        code.JumpIf(IsShort, When.Equal, 0, toBulk);

        // For every frame: what is written off is all that was counted in, the last of it too.
        code.Place(follow);
        code.Load(Width.Double, 1, Frame, Now);
        code.Store(Width.Double, Entry, LaneTable.SinceOffset, 1);
        code.DoImmediate(Alu.Move, 1, 1);
        code.AddAtomically(Width.Word, Entry, LaneTable.InOffset, 1);
        code.Jump(lane);

        code.Place(toBulk);
        code.Load(Width.Double, 1, Frame, Now);
        code.Store(Width.Double, Entry, LaneTable.BulkOffset, 1);
        code.Jump(bulk);
    }

    /// <summary>Writes the look-up of the array element whose index is in the stack. Register 0 is its address.</summary>
    internal static void Lookup(BpfAssembler code, int map, int otherwise)
    {
        code.LoadMap(1, map);
        code.Do(Alu.Move, 2, Frame);
        code.DoImmediate(Alu.Add, 2, Key);
        code.Call(Bpf.MapLookup);
        code.JumpIf(0, When.Equal, 0, otherwise);
    }

    /// <summary>Writes a register as an array index into the stack for <see cref="Lookup"/>.</summary>
    internal static void SetKeyFrom(BpfAssembler code, int register) => code.Store(Width.Word, Frame, Key, register);

    private static int Nanoseconds(TimeSpan time) => (int)(time.TotalMilliseconds * 1_000_000);

    /// <summary>Writes an array index into the stack for <see cref="Lookup"/>.</summary>
    internal static void SetKey(BpfAssembler code, int index) => code.StoreImmediate(Width.Word, Frame, Key, index);
}
