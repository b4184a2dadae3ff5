using System.Diagnostics;
using Overlay.Control.Tables;

namespace Overlay.Control.Tests;

public sealed class MacIndexTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void It_holds_what_a_dictionary_holds(int seed)
    {
        var random = new Random(seed);
        var pool = new StructPool<MacState>();
        var index = new MacIndex(pool);
        var model = new Dictionary<ulong, int>();
        for (int step = 0; step < 200_000; step++)
        {
            ulong mac = (ulong)random.Next(1, 3000);
            bool isKnown = index.TryGet(mac, out int at);
            Assert.Equal(model.TryGetValue(mac, out int expected), isKnown);
            Assert.Equal(isKnown ? expected : -1, at);
            if (isKnown && random.Next(2) == 0)
            {
                index.Remove(mac);
                pool.Release(at);
                _ = model.Remove(mac);
            }
            else if (!isKnown && (step < 100_000 || random.Next(3) == 0))
            {
                at = pool.Allocate();
                pool[at] = new MacState(mac);
                index.Add(mac, at);
                model.Add(mac, at);
            }

            Assert.Equal(model.Count, index.Count);
        }

        foreach ((ulong mac, int expected) in model)
        {
            Assert.True(index.TryGet(mac, out int at));
            Assert.Equal(expected, at);
        }
    }

    [Fact]
    public void Macs_chosen_to_collide_in_a_plain_hash_cost_no_more_than_others()
    {
        // 65,536 of them have one hash code in a Dictionary<ulong, …>: it would compare two thousand million times.
        var pool = new StructPool<MacState>();
        var index = new MacIndex(pool);
        long began = Stopwatch.GetTimestamp();
        for (ulong high = 0; high < 65_536; high++)
        {
            ulong mac = (high << 32) | (high ^ 0x1234_5678);
            int at = pool.Allocate();
            pool[at] = new MacState(mac);
            index.Add(mac, at);
            Assert.True(index.TryGet(mac, out int found) && found == at);
        }

        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0, 2);
    }
}
