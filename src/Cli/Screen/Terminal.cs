using System.Text;
using Overlay.Cli.Native;

namespace Overlay.Cli.Screen;

/// <summary>Where a verb writes. Colour and redrawing only where standard output is a terminal (and <c>NO_COLOR</c> is not set).</summary>
internal sealed class Terminal(TextWriter output, TextWriter error, bool colour, bool live, Func<(int Columns, int Rows)?>? size = null)
{
    public TextWriter Out { get; private set; } = output;

    public TextWriter Error { get; } = error;

    /// <summary>True if a screen may be redrawn in place.</summary>
    public bool Live { get; } = live;

    /// <summary>True if what is written may have colours.</summary>
    public bool HasColour { get; } = colour;

    /// <summary>Columns of the terminal now; null where it is none, and lines may be of any length.</summary>
    public int? Columns => size?.Invoke()?.Columns;

    /// <summary>Rows of the terminal now; null where it is none.</summary>
    public int? Rows => size?.Invoke()?.Rows;

    /// <summary>The process's own standard output and error.</summary>
    public static Terminal Open()
    {
        bool live = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
        bool colour = live && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        UTF8Encoding utf8 = new(encoderShouldEmitUTF8Identifier: false);
        StreamWriter output = new(new DescriptorStream(1), utf8, 16 * 1024) { AutoFlush = false, NewLine = "\n" };
        StreamWriter error = new(new DescriptorStream(2), utf8, 1024) { AutoFlush = true, NewLine = "\n" };
        return new Terminal(output, error, colour, live, live ? static () => LibC.WindowSize(1) : null);
    }

    public void Write(string text, Tone tone)
    {
        string? code = !HasColour ? null : tone switch
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

    /// <summary>What <paramref name="show"/> writes, instead of writing it.</summary>
    public string Capture(Action show)
    {
        TextWriter was = Out;
        StringWriter into = new() { NewLine = "\n" };
        Out = into;
        try
        {
            show();
        }
        finally
        {
            Out = was;
        }

        return into.ToString();
    }

    /// <summary>A line on standard output that says what is wrong and ends with the command to run next.</summary>
    public void Problem(string sentence, string? next, Tone tone = Tone.Warn)
    {
        Write("! ", tone);
        string line = Text.Escape(sentence).TrimEnd('.');
        WriteWrapped(next is null ? line : $"{line}. Next: {next}", 2);
    }

    /// <summary>
    /// The rest of a line. On a terminal it is broken between words, with an indent; the command after the last <c>Next:</c> stays whole on a line of its own, to be copied.
    /// </summary>
    public void WriteWrapped(string text, int indent)
    {
        if (Columns is not { } columns || indent + Text.Width(text) <= columns || columns < indent + 20)
        {
            Out.WriteLine(text);
            return;
        }

        int next = text.LastIndexOf("Next: ", StringComparison.Ordinal);
        string prose = next < 0 ? text : text[..next].TrimEnd();
        string command = next < 0 ? string.Empty : text[next..];
        int at = indent;
        bool first = true;
        foreach (string word in prose.Split(' '))
        {
            int width = Text.Width(word);
            if (!first && at + 1 + width > columns)
            {
                Out.Write('\n' + new string(' ', indent));
                at = indent;
            }
            else if (!first)
            {
                Out.Write(' ');
                at++;
            }

            Out.Write(word);
            at += width;
            first = false;
        }

        if (command.Length > 0) Out.Write(at + 1 + Text.Width(command) <= columns ? " " + command : '\n' + new string(' ', indent) + command);
        Out.WriteLine();
    }

    /// <summary>Says on standard error why the verb ends, and returns its exit code.</summary>
    public int Fail(Failure failure)
    {
        Out.Flush();
        Error.WriteLine($"overlayctl: {Text.Escape(failure.Message).TrimEnd('.')}. Next: {failure.Next}");
        return failure.Code;
    }
}
