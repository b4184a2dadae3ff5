namespace Overlay.Cli.Screen;

/// <summary>What a piece of text means; a terminal shows it as colour.</summary>
internal enum Tone
{
    Plain,
    Head,
    Good,
    Warn,
    Bad,
    Dim,
}
