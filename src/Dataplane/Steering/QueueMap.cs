namespace Overlay.Dataplane.Steering;

/// <summary>
/// Which queue each of 256 shares of the flows belongs to. The map of <i>n</i> queues follows from <i>n</i> alone, and from one to the next a share moves only to the queue
/// that came, or from the one that went: never between two that stay. That is what makes a change of the number easy to order: frames in flight are in queues that flows
/// leave, or in queues that flows come to, and none is both.
/// </summary>
internal static class QueueMap
{
    /// <summary>Shares.</summary>
    internal const int Size = 256;

    /// <summary>The queue of every share.</summary>
    /// <param name="queues">Queues, 1–256.</param>
    internal static byte[] Build(int queues)
    {
        byte[] map = new byte[Size];
        int[] held = new int[queues];
        held[0] = Size;
        for (int queue = 1; queue < queues; queue++)
        {
            while (held[queue] < Size / (queue + 1))
            {
                int richest = Array.IndexOf(held, held.Max());
                map[Array.LastIndexOf(map, (byte)richest)] = (byte)queue;
                held[richest]--;
                held[queue]++;
            }
        }

        return map;
    }
}
