namespace Overlay.Cli.Screen;

/// <summary>One cell of a <see cref="Table"/>. The text is escaped when it is written.</summary>
internal readonly record struct Cell(string Value, Tone Tone = Tone.Plain)
{
    public static implicit operator Cell(string? text) => new(text ?? "-");

    public static implicit operator Cell(long number) => new(Text.Number(number));
}
