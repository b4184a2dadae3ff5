using System.Runtime.CompilerServices;
using Overlay.Control.Tables;
using Overlay.Forwarding;

namespace Overlay.Control.Tests;

public sealed class MacStateTests
{
    private const int Most = (1 << 24) - 2;

    [Fact]
    public void A_mac_takes_28_octets() => Assert.Equal(28, Unsafe.SizeOf<MacState>());

    [Fact]
    public void A_new_one_has_nothing_but_its_address()
    {
        var state = new MacState(0xFFFF_FFFF_FFFF);
        Assert.Equal((0xFFFF_FFFF_FFFFUL, -1, -1, false, true), (state.Mac, state.Head, state.PlaceTarget, state.HasSeen, state.IsEmpty));
    }

    [Fact]
    public void A_field_of_all_ones_leaves_its_neighbours_as_they_were()
    {
        for (int field = 0; field < 9; field++)
        {
            // All zeros but one, and all ones but one.
            Check(field, isInverse: false);
            Check(field, isInverse: true);
        }
    }

    [Fact]
    public void Moves_saturate_and_leave_the_address_alone()
    {
        var state = new MacState(0xFFFF_FFFF_FFFE);
        for (int i = 0; i < 70_000; i++)
        {
            state.CountMove();
        }

        Assert.Equal((0xFFFF_FFFF_FFFEUL, ushort.MaxValue), (state.Mac, state.Moves));
    }

    private static void Check(int field, bool isInverse)
    {
        var state = new MacState(1);
        bool Is(int of) => of == field != isInverse;
        for (int round = 0; round < 2; round++)
        {
            // Written twice: from nothing, and over what is there.
            state.Head = Is(0) ? Most : -1;
            state.PlaceTarget = Is(1) ? Most : -1;
            state.SeenTarget = Is(2) ? Most : 0;
            state.SeenEpoch = Is(3) ? ushort.MaxValue : (ushort)0;
            state.SeenOrigin = Is(4) ? (FdbOrigin)15 : FdbOrigin.None;
            state.IsPublished = Is(5);
            state.IsFrozen = Is(6);
            state.IsPermanent = Is(7);
            state.SeenTime = Is(8) ? uint.MaxValue : 0;
        }

        Assert.Equal(1UL, state.Mac);
        Assert.Equal((Is(0) ? Most : -1, Is(1) ? Most : -1, Is(2) ? Most : 0), (state.Head, state.PlaceTarget, state.SeenTarget));
        Assert.Equal((Is(3) ? ushort.MaxValue : (ushort)0, Is(4) ? (FdbOrigin)15 : FdbOrigin.None), (state.SeenEpoch, state.SeenOrigin));
        Assert.Equal((Is(5), Is(6), Is(7), Is(8) ? uint.MaxValue : 0), (state.IsPublished, state.IsFrozen, state.IsPermanent, state.SeenTime));
    }
}
