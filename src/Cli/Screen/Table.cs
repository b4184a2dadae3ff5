namespace Overlay.Cli.Screen;

/// <summary>
/// A table whose column widths come from its content alone, so that the same state gives the same bytes on every terminal and in a pipe.
/// Two spaces part the columns; lines carry no trailing space. The column most likely to be long belongs last.
/// </summary>
internal sealed class Table
{
    private const string Gap = "  ";
    private readonly string[] _titles;
    private readonly bool[] _right;
    private readonly List<Cell[]> _rows = [];

    /// <summary>Titles; one that begins with <c>&gt;</c> aligns its column to the right.</summary>
    public Table(params ReadOnlySpan<string> titles)
    {
        _titles = new string[titles.Length];
        _right = new bool[titles.Length];
        for (int i = 0; i < titles.Length; i++)
        {
            _right[i] = titles[i].StartsWith('>');
            _titles[i] = titles[i].TrimStart('>');
        }
    }

    public int Count => _rows.Count;

    public void Add(params ReadOnlySpan<Cell> cells)
    {
        if (cells.Length != _titles.Length) throw new ArgumentException("A row has as many cells as there are titles.", nameof(cells));
        Cell[] row = new Cell[cells.Length];
        for (int i = 0; i < row.Length; i++) row[i] = cells[i] with { Value = Text.Escape(cells[i].Value) };
        _rows.Add(row);
    }

    public void WriteTo(Terminal terminal, string indent = "")
    {
        int[] widths = new int[_titles.Length];
        for (int i = 0; i < widths.Length; i++)
        {
            widths[i] = Text.Width(_titles[i]);
            foreach (Cell[] row in _rows) widths[i] = Math.Max(widths[i], Text.Width(row[i].Value));
        }

        Cell[] head = new Cell[_titles.Length];
        for (int i = 0; i < head.Length; i++) head[i] = new Cell(_titles[i], Tone.Head);
        WriteRow(terminal, indent, head, widths);
        foreach (Cell[] row in _rows) WriteRow(terminal, indent, row, widths);
    }

    private void WriteRow(Terminal terminal, string indent, Cell[] row, int[] widths)
    {
        int last = row.Length - 1;
        while (last > 0 && row[last].Value.Length == 0) last--;
        terminal.Out.Write(indent);
        for (int i = 0; i <= last; i++)
        {
            string padding = new(' ', widths[i] - Text.Width(row[i].Value));
            if (i > 0) terminal.Out.Write(Gap);
            if (_right[i]) terminal.Out.Write(padding);
            terminal.Write(row[i].Value, row[i].Tone);
            if (!_right[i] && i < last) terminal.Out.Write(padding);
        }

        terminal.Out.WriteLine();
    }
}
