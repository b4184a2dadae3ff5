namespace Overlay.Cli.Screen;

/// <summary>
/// A table whose column widths come from its content alone, so that the same state gives the same bytes in every pipe. Two spaces part the columns; lines
/// carry no trailing space. The column most likely to be long belongs last. On a terminal that is too narrow the columns that may be missed are left out, the last
/// ones first, and a line says so: a row that is broken in two reads worse.
/// </summary>
internal sealed class Table
{
    private const string Gap = "  ";
    private const int LeastRoom = 20;
    private readonly string[] _titles;
    private readonly bool[] _right;
    private readonly bool[] _optional;
    private readonly List<Cell[]> _rows = [];

    /// <summary>Titles; one that begins with <c>&gt;</c> aligns its column to the right, one with <c>?</c> before that may be missed.</summary>
    public Table(params ReadOnlySpan<string> titles)
    {
        _titles = new string[titles.Length];
        _right = new bool[titles.Length];
        _optional = new bool[titles.Length];
        for (int i = 0; i < titles.Length; i++)
        {
            _optional[i] = titles[i].StartsWith('?');
            string title = titles[i].TrimStart('?');
            _right[i] = title.StartsWith('>');
            _titles[i] = title.TrimStart('>');
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

        bool[] shown = Choose(widths, terminal.Columns - Text.Width(indent));
        Cell[] head = new Cell[_titles.Length];
        for (int i = 0; i < head.Length; i++) head[i] = new Cell(_titles[i], Tone.Head);
        WriteRow(terminal, indent, head, widths, shown);
        foreach (Cell[] row in _rows) WriteRow(terminal, indent, row, widths, shown);
        if (!shown.Contains(false)) return;
        terminal.Write($"{indent}(no room for {string.Join(", ", _titles.Where((_, i) => !shown[i]))}; a wider terminal or -o json has all)", Tone.Dim);
        terminal.Out.WriteLine();
    }

    // The columns that fit; all, where nobody knows how wide the terminal is.
    private bool[] Choose(int[] widths, int? columns)
    {
        bool[] shown = new bool[widths.Length];
        Array.Fill(shown, true);
        int total = widths.Sum() + (Gap.Length * (widths.Length - 1));
        for (int i = widths.Length - 1; i >= 0 && total > columns; i--)
        {
            if (!_optional[i]) continue;
            shown[i] = false;
            total -= widths[i] + Gap.Length;
        }

        return shown;
    }

    private void WriteRow(Terminal terminal, string indent, Cell[] row, int[] widths, bool[] shown)
    {
        int last = row.Length - 1;
        while (last > 0 && (!shown[last] || row[last].Value.Length == 0)) last--;
        terminal.Out.Write(indent);
        bool first = true;
        int at = Text.Width(indent);
        for (int i = 0; i <= last; i++)
        {
            if (!shown[i]) continue;
            string padding = new(' ', widths[i] - Text.Width(row[i].Value));
            if (!first) terminal.Out.Write(Gap);
            first = false;
            if (_right[i]) terminal.Out.Write(padding);
            if (i == last && !_right[i]) WriteLast(terminal, at, row[i]);
            else terminal.Write(row[i].Value, row[i].Tone);
            if (!_right[i] && i < last) terminal.Out.Write(padding);
            at += widths[i] + Gap.Length;
        }

        terminal.Out.WriteLine();
    }

    // What is too long for its line goes on below itself, broken between words.
    private static void WriteLast(Terminal terminal, int at, Cell cell)
    {
        int room = (terminal.Columns ?? int.MaxValue) - at;
        if (Text.Width(cell.Value) <= room || room < LeastRoom)
        {
            terminal.Write(cell.Value, cell.Tone);
            return;
        }

        string line = string.Empty;
        foreach (string word in cell.Value.Split(' '))
        {
            if (line.Length > 0 && Text.Width(line) + 1 + Text.Width(word) > room)
            {
                terminal.Write(line, cell.Tone);
                terminal.Out.Write('\n' + new string(' ', at));
                line = word;
            }
            else
            {
                line = line.Length == 0 ? word : $"{line} {word}";
            }
        }

        terminal.Write(line, cell.Tone);
    }
}
