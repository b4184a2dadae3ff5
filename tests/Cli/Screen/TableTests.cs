using Overlay.Cli.Screen;
using Overlay.Cli.Tests.Kit;

namespace Overlay.Cli.Tests.Screen;

public sealed class TableTests
{
    [Fact]
    public void Widths_come_from_the_content_and_lines_end_without_spaces()
    {
        Table table = new("NAME", ">COUNT", "NOTE");
        table.Add("a", 5, "first");
        table.Add("long-name", 1234567, "");
        string expected = """
            NAME         COUNT  NOTE
            a                5  first
            long-name  1234567

            """;
        Assert.Equal(expected, Ctl.Render(t => table.WriteTo(t)).Out);
    }

    [Fact]
    public void A_hostile_cell_is_escaped_before_it_is_measured()
    {
        Table table = new("NAME", "X");
        table.Add("a\nb\e[31m", "y");
        Assert.Equal("NAME            X\na\\x0ab\\x1b[31m  y\n", Ctl.Render(t => table.WriteTo(t)).Out);
    }

    [Fact]
    public void Wide_characters_take_two_columns()
    {
        Table table = new("NAME", "X");
        table.Add("東京東京", "y");
        table.Add("ab", "z");
        Assert.Equal("NAME      X\n東京東京  y\nab        z\n", Ctl.Render(t => table.WriteTo(t)).Out);
    }

    [Fact]
    public void Colour_changes_no_width()
    {
        Table table = new("NAME", "STATE", "END");
        table.Add("a", new Cell("up", Tone.Good), "x");
        string plain = Ctl.Render(t => table.WriteTo(t)).Out;
        string coloured = Ctl.Render(t => table.WriteTo(t), colour: true).Out;
        Assert.Contains("\e[32mup\e[0m", coloured, StringComparison.Ordinal);
        Assert.Equal(plain, System.Text.RegularExpressions.Regex.Replace(coloured, "\e\\[[0-9]*m", string.Empty));
    }

    [Fact]
    public void A_row_of_another_length_is_a_programming_error() => Assert.Throws<ArgumentException>(() => new Table("A", "B").Add("only one"));
}
