using System.Diagnostics;
using System.Text;

namespace Overlay.TestKit.Net;

/// <summary>A program that was started and is ended, by its own pid, when this is disposed. Output is collected all along.</summary>
public sealed class RunningProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _out = new();
    private readonly StringBuilder _err = new();
    private bool _disposed;

    internal RunningProcess(ProcessStartInfo start)
    {
        CommandLine = $"{start.FileName} {string.Join(' ', start.ArgumentList)}";
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.RedirectStandardInput = true;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Append(_out, e.Data);
        _process.ErrorDataReceived += (_, e) => Append(_err, e.Data);
        _process.Start();
        Pid = _process.Id;
        _process.StandardInput.Close();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The command line.</summary>
    public string CommandLine { get; }

    /// <summary>The process id; <c>ip netns exec</c> replaces itself, so it is the program's own.</summary>
    public int Pid { get; }

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _disposed || _process.HasExited;

    /// <summary>Standard output so far.</summary>
    public string StdOut => Read(_out);

    /// <summary>Standard error so far.</summary>
    public string StdErr => Read(_err);

    /// <summary>Sends a signal.</summary>
    public void Signal(int signal)
    {
        if (!HasExited) _ = Native.kill(Pid, signal);
    }

    /// <summary>SIGINT.</summary>
    public void Interrupt() => Signal(Native.SigInt);

    /// <summary>Waits for the end; kills and throws after <paramref name="limit"/>.</summary>
    public CmdResult WaitForExit(TimeSpan limit)
    {
        if (!_process.WaitForExit(limit))
        {
            Signal(Native.SigKill);
            _process.WaitForExit(TimeSpan.FromSeconds(5));
            throw new TimeoutException($"`{CommandLine}` did not end within {limit.TotalSeconds:0.#} s\n{StdOut}\n{StdErr}");
        }

        // The overload without a limit waits for the output readers too; a grandchild that keeps the pipe open must not hang the test.
        Task.Run(_process.WaitForExit).Wait(TimeSpan.FromSeconds(3));
        return new CmdResult(CommandLine, _process.ExitCode, StdOut, StdErr);
    }

    /// <summary>Ends it politely, then with force.</summary>
    public CmdResult Stop(int signal = Native.SigTerm, TimeSpan? limit = null)
    {
        Signal(signal);
        return WaitForExit(limit ?? TimeSpan.FromSeconds(10));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed) return;
        try
        {
            if (!_process.HasExited)
            {
                Signal(Native.SigTerm);
                if (!_process.WaitForExit(TimeSpan.FromSeconds(3)))
                {
                    Signal(Native.SigKill);
                    _process.WaitForExit(TimeSpan.FromSeconds(5));
                }
            }
        }
        finally
        {
            _disposed = true;
            _process.Dispose();
        }
    }

    private static void Append(StringBuilder builder, string? line)
    {
        if (line is null) return;
        lock (builder) builder.AppendLine(line);
    }

    private static string Read(StringBuilder builder)
    {
        lock (builder) return builder.ToString();
    }
}
