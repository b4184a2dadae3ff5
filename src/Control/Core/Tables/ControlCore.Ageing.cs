using Overlay.Forwarding;

namespace Overlay.Control.Tables;

/// <content>Ageing: reading the forwarding tables for what was not used for long, in slices.</content>
internal sealed partial class ControlCore
{
    private readonly FdbRow[] _rows = new FdbRow[1024];

    // When each epoch began, tenths of a second: entries grow old by the clock, and not by the number of epochs.
    private readonly uint[] _epochTimes = new uint[ushort.MaxValue + 1];
    private uint _period = TenthsASecond;

    /// <summary>An eighth of the shortest age, 0.1–1 s, in tenths of a second.</summary>
    private uint EpochPeriod()
    {
        uint shortest = uint.MaxValue;
        foreach (MacVrf vrf in _vrfs.Values)
        {
            if (vrf.Spec is { } spec && spec.Age > TimeSpan.Zero)
            {
                shortest = Math.Min(shortest, Tenths(spec.Age));
            }
        }

        return Math.Clamp(shortest / 8, 1, TenthsASecond);
    }

    /// <summary>
    /// Reads tables of VNIs that are due. What was used not long ago by its epoch is passed over. Of the others one is in use when its epoch differs from the one seen
    /// last time, whatever the difference: so a wrap of the epoch makes nothing old or young, as every table is read many times in a wrap.
    /// </summary>
    private void Age(uint now, uint period, int budget)
    {
        foreach (MacVrf vrf in _vrfs.Values)
        {
            if (vrf.Spec is not { } spec || (vrf.ScanCursor == 0 && now < vrf.NextScan))
            {
                continue;
            }

            uint age = spec.Age > TimeSpan.Zero ? Tenths(spec.Age) : uint.MaxValue;

            // An entry that is so old has been met in the other half of a wrap of the epoch, and is gone.
            bool isShort = age < short.MaxValue * period;
            do
            {
                if (budget <= 0)
                {
                    return;
                }

                int cursor = vrf.ScanCursor;
                int count = _writer.ReadMacs(vrf.Vni, ref cursor, _rows);
                vrf.ScanCursor = cursor;
                budget -= _rows.Length;
                for (int i = 0; i < count; i++)
                {
                    if (!isShort || now - _epochTimes[_rows[i].LastUseEpoch] >= age)
                    {
                        AgeOne(vrf, _rows[i], now, age);
                    }
                }
            }
            while (vrf.ScanCursor != 0);

            AgeNeighbors(vrf, now, period, age);
            vrf.NextScan = now + Math.Max(1, Math.Min(age / 8, 100));
        }
    }

    private void AgeOne(MacVrf vrf, in FdbRow row, uint now, uint age)
    {
        if (row.Origin is not (FdbOrigin.Local or FdbOrigin.Learned) || !vrf.TryFind(row.Mac, out int mac) || !vrf.Macs[mac].HasSeen)
        {
            return;
        }

        ref MacState state = ref vrf.Macs[mac];
        if (row.LastUseEpoch != state.SeenEpoch)
        {
            state.SeenEpoch = row.LastUseEpoch;
            state.SeenTime = Math.Max(state.SeenTime, _epochTimes[row.LastUseEpoch]);
        }

        if (!state.IsPermanent && now - state.SeenTime >= age)
        {
            _aged++;
            DropSeen(vrf, mac, publish: true);
        }
    }
}
