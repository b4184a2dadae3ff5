using System.Text;
using Overlay.Cli.Native;

namespace Overlay.Cli.Screen;

/// <summary>Where a verb writes. Colour and redrawing only where standard output is a terminal (and <c>NO_COLOR</c> is not set).</summary>
internal sealed class Terminal(TextWriter output, TextWriter error, bool colour, bool live)
{
    public TextWriter Out { get; } = output;

    public TextWriter Error { get; } = error;

    /// <summary>True if a screen may be redrawn in place.</summary>
    public bool Live { get; } = live;

    /// <summary>The process's own standard output and error.</summary>
    public static Terminal Open()
    {
        bool live = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
        bool colour = live && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        UTF8Encoding utf8 = new(encoderShouldEmitUTF8Identifier: false);
        StreamWriter output = new(new DescriptorStream(1), utf8, 16 * 1024) { AutoFlush = false, NewLine = "\n" };
        StreamWriter error = new(new DescriptorStream(2), utf8, 1024) { AutoFlush = true, NewLine = "\n" };
        return new Terminal(output, error, colour, live);
    }

    public void Write(string text, Tone tone)
    {
        string? code = !colour ? null : tone switch
        {
            Tone.Head => "1",
            Tone.Good => "32",
            Tone.Warn => "33",
            Tone.Bad => "31",
            Tone.Dim => "2",
            _ => null,
        };
        if (code is null) Out.Write(text);
        else Out.Write($"\e[{code}m{text}\e[0m");
    }

    /// <summary>A line on standard output that says what is wrong and ends with the command to run next.</summary>
    public void Problem(string sentence, string? next, Tone tone = Tone.Warn)
    {
        Write("! ", tone);
        string line = Text.Escape(sentence).TrimEnd('.');
        Out.WriteLine(next is null ? line : $"{line}. Next: {next}");
    }

    /// <summary>Says on standard error why the verb ends, and returns its exit code.</summary>
    public int Fail(Failure failure)
    {
        Out.Flush();
        Error.WriteLine($"overlayctl: {Text.Escape(failure.Message).TrimEnd('.')}. Next: {failure.Next}");
        return failure.Code;
    }
}
