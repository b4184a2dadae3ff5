namespace Overlay.Cli.Top;

/// <summary>What the operator chose: how the tables are sorted, which one the arrows move in, and how far each was moved.</summary>
internal sealed class TopKeys
{
    /// <summary>Titles of the tables, in the order of the Tab key.</summary>
    public static IReadOnlyList<string> Tables { get; } = ["PEERS", "PORTS", "VNIS", "DROPS"];

    private readonly int[] _offsets = new int[Tables.Count];

    public TopSort Sort { get; private set; }

    public int Focus { get; private set; }

    /// <summary>True once it is to end.</summary>
    public bool IsQuit { get; private set; }

    /// <summary>Takes a key; false if it has no meaning.</summary>
    public bool Press(ConsoleKeyInfo key)
    {
        switch (key.Key)
        {
            case ConsoleKey.Q or ConsoleKey.Escape:
                IsQuit = true;
                return true;
            case ConsoleKey.S:
                Sort = (TopSort)(((int)Sort + 1) % 4);
                return true;
            case ConsoleKey.Tab or ConsoleKey.RightArrow:
                Focus = (Focus + (key.Modifiers.HasFlag(ConsoleModifiers.Shift) ? Tables.Count - 1 : 1)) % Tables.Count;
                return true;
            case ConsoleKey.LeftArrow:
                Focus = (Focus + Tables.Count - 1) % Tables.Count;
                return true;
            case ConsoleKey.DownArrow or ConsoleKey.PageDown:
                _offsets[Focus] += key.Key == ConsoleKey.PageDown ? 10 : 1;
                return true;
            case ConsoleKey.UpArrow or ConsoleKey.PageUp:
                _offsets[Focus] = Math.Max(0, _offsets[Focus] - (key.Key == ConsoleKey.PageUp ? 10 : 1));
                return true;
            case ConsoleKey.Home:
                _offsets[Focus] = 0;
                return true;
            default:
                return false;
        }
    }

    /// <summary>The first row of a table, kept where there are rows.</summary>
    public int Offset(int table, int count, int room)
    {
        _offsets[table] = Math.Clamp(_offsets[table], 0, Math.Max(0, count - room));
        return _offsets[table];
    }
}
