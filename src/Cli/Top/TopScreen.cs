using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using Text = Overlay.Cli.Screen.Text;

namespace Overlay.Cli.Top;

/// <summary>Draws a <see cref="TopModel"/>: two tables beside each other where there is room for them, else one below the other. The only user of Spectre.Console.</summary>
internal static class TopScreen
{
    private const int WideFrom = 132;
    private const int Unbounded = 100_000;

    /// <summary>The screen as text, with colours where asked for.</summary>
    /// <param name="model">What to show.</param>
    /// <param name="keys">What the operator chose.</param>
    /// <param name="columns">Columns of the terminal.</param>
    /// <param name="rows">Rows of the terminal; null shows every row.</param>
    /// <param name="colour">With colours.</param>
    public static string Draw(TopModel model, TopKeys keys, int columns, int? rows, bool colour)
    {
        StringWriter text = new() { NewLine = "\n" };
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = colour ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = colour ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = columns;
        console.Profile.Height = rows ?? Unbounded;
        console.Profile.Capabilities.Unicode = true;
        console.MarkupLine(Head(model, columns));
        bool wide = columns >= WideFrom;
        int room = rows is { } height ? Room(height, wide) : Unbounded;
        IRenderable[] tables =
        [
            Rates(0, "PEER", "STATE", model.Peers, keys, room),
            Rates(1, "PORT", "STATE", model.Ports, keys, room),
            Rates(2, "VNI", "FDB", model.Vnis, keys, room),
            Drops(model, keys, room),
        ];
        if (wide)
        {
            Grid grid = new() { Expand = true };
            grid.AddColumn(new GridColumn { Width = (columns / 2) - 2, Padding = new Padding(0, 0, 2, 0) });
            grid.AddColumn(new GridColumn { Width = (columns / 2) - 2, Padding = new Padding(0, 0, 0, 0) });
            grid.AddRow(tables[0], tables[1]);
            grid.AddRow(tables[2], tables[3]);
            console.Write(grid);
        }
        else
        {
            foreach (IRenderable table in tables) console.Write(table);
        }

        if (rows is not null) console.MarkupLine($"[dim]q quit   s sort: {keys.Sort.ToString().ToLowerInvariant()}   tab table: {TopKeys.Tables[keys.Focus].ToLowerInvariant()}   arrows scroll[/]");
        return text.ToString();
    }

    // A line above, one below, and of each table a head and a blank line.
    private static int Room(int rows, bool wide) => Math.Max(1, wide ? (rows - 3 - (2 * 2)) / 2 : (rows - 3 - (4 * 2)) / 4);

    private static string Head(TopModel model, int columns)
    {
        string tone = model.Verdict == "ok" ? "green" : model.Verdict == "down" ? "red" : "yellow";
        string cpu = string.Create(CultureInfo.InvariantCulture, $"{model.CpuRatio * 100:0}%");
        string drops = model.DropsFps > 0 ? $"[yellow]drops {Text.Rate(model.DropsFps)}/s[/]" : "no drops";
        string head = $"[{tone}]{Clean(model.Verdict)}[/]  [bold]{Clean(Cut(model.Node, Math.Max(8, columns - 60)))}[/]  up {Text.Duration(model.UptimeSeconds)}  cpu {cpu}  mem {Text.Rate(model.RssBytes)}B  {drops}";
        return head + "\n";
    }

    private static Spectre.Console.Table Rates(int index, string title, string second, IReadOnlyList<TopRow> rows, TopKeys keys, int room)
    {
        Spectre.Console.Table table = Make(index, keys, 20, 8, title, second, ">TX/S", ">RX/S", ">TX BIT/S", ">RX BIT/S");
        TopRow[] sorted = [.. TopModel.Sort(rows, keys.Sort)];
        int offset = room == Unbounded ? 0 : keys.Offset(index, sorted.Length, room);
        foreach (TopRow row in sorted.Skip(offset).Take(room))
        {
            string tone = row.State is "down" or "unusable" ? "red" : "default";
            table.AddRow(
                Clean(Cut(row.Name, 20)), $"[{tone}]{Clean(row.State)}[/]", Moving(row.TxFps), Moving(row.RxFps), Moving(row.TxBps), Moving(row.RxBps));
        }

        return Fill(table, sorted.Length, offset, room);
    }

    private static Spectre.Console.Table Drops(TopModel model, TopKeys keys, int room)
    {
        Spectre.Console.Table table = Make(3, keys, 26, 4, "DROPPED NOW", "DIR", ">/S", ">LAST MIN", ">TOTAL");
        int offset = room == Unbounded ? 0 : keys.Offset(3, model.Drops.Count, room);
        foreach (TopDrop drop in model.Drops.Skip(offset).Take(room))
        {
            table.AddRow(Clean(drop.Reason), Clean(drop.Dir), drop.Fps > 0 ? $"[yellow]{Text.Rate(drop.Fps)}[/]" : "0", Text.Number(drop.LastMinute), Text.Number(drop.Total));
        }

        if (model.Drops.Count == 0) table.AddRow("[dim]none in this minute[/]", "", "", "", "");
        return Fill(table, model.Drops.Count, offset, room);
    }

    private static Spectre.Console.Table Make(int index, TopKeys keys, int first, int second, params ReadOnlySpan<string> titles)
    {
        Spectre.Console.Table table = new() { Border = TableBorder.None, Expand = false, ShowFooters = false };
        for (int i = 0; i < titles.Length; i++)
        {
            bool right = titles[i].StartsWith('>');
            string style = i == 0 && index == keys.Focus ? "bold underline" : "bold";
            TableColumn column = new($"[{style}]{Clean(titles[i].TrimStart('>'))}[/]")
            {
                NoWrap = true,
                Padding = new Padding(0, 0, 2, 0),
                Alignment = right ? Justify.Right : Justify.Left,
                Width = right ? 9 : i == 0 ? first : second,
            };
            table.AddColumn(column);
        }

        return table;
    }

    // What is below stays where it is, however many rows there are.
    private static Spectre.Console.Table Fill(Spectre.Console.Table table, int count, int offset, int room)
    {
        int hidden = room == Unbounded ? 0 : count - offset - room;
        string more = hidden > 0 || offset > 0 ? $"[dim]{offset} above, {Math.Max(0, hidden)} below[/]" : string.Empty;
        if (room != Unbounded)
        {
            for (int i = table.Rows.Count; i < room; i++) table.AddEmptyRow();
        }

        table.AddRow(more.Length > 0 ? more : " ");
        return table;
    }

    private static string Moving(double rate) => rate > 0 ? Text.Rate(rate) : "[dim]0[/]";

    private static string Cut(string text, int width) => text.Length <= width ? text : text[..(width - 1)] + "…";

    private static string Clean(string text) => Markup.Escape(Text.Escape(text).Replace("\\u{2026}", "…", StringComparison.Ordinal));
}
