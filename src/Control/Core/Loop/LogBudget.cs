namespace Overlay.Control.Loop;

/// <summary>How many log lines of one kind a second may have: what tenants cause is written ten times, and then counted.</summary>
internal struct LogBudget
{
    private const int LinesASecond = 10;
    private int _lines;

    /// <summary>True if one more line may be written.</summary>
    public bool Take() => ++_lines <= LinesASecond;

    /// <summary>Begins a second.</summary>
    /// <returns>Lines that the last one left out.</returns>
    public int Renew()
    {
        int left = Math.Max(0, _lines - LinesASecond);
        _lines = 0;
        return left;
    }
}
