using System.Diagnostics;
using Overlay.Cli.Native;
using Overlay.Cli.Tests.Kit;

namespace Overlay.Cli.Tests.Processes;

public sealed class ProcessTests
{
    [Fact]
    public async Task A_broken_pipe_ends_a_watch_quietly()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/drops", 200, Samples.Json(Samples.Drops)));
        string line = $"'{CtlProcess.Overlayctl}' drops --watch --interval 0.1 --socket '{daemon.Socket}' | head -n 1; echo ${{PIPESTATUS[0]}}";
        (int code, string output, string error) = await CtlProcess.RunAsync("/bin/bash", "-c", line);
        Assert.Equal(0, code);
        Assert.EndsWith($"\n{ExitCode.BrokenPipe}\n", output, StringComparison.Ordinal);
        Assert.Empty(error);
    }

    [Fact]
    public async Task An_interrupt_is_the_proper_end_of_a_watch()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync(("GET /v1/drops", 200, Samples.Json(Samples.Drops)));
        using Process process = CtlProcess.Start(CtlProcess.Overlayctl, "drops", "--watch", "--socket", daemon.Socket);
        try
        {
            Assert.NotNull(await process.StandardOutput.ReadLineAsync());
            LibC.Kill(process.Id, 2);
            using CancellationTokenSource limit = new(TimeSpan.FromSeconds(10));
            await process.WaitForExitAsync(limit.Token);
            Assert.Equal(ExitCode.Ok, process.ExitCode);
            Assert.Empty(await process.StandardError.ReadToEndAsync());
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }

    [Fact]
    public async Task Output_appends_to_a_file_that_others_write_too()
    {
        string file = Path.GetTempFileName();
        try
        {
            string line = $"{{ echo before; '{CtlProcess.Overlayctl}' --version; echo after; }} >'{file}'";
            await CtlProcess.RunAsync("/bin/bash", "-c", line);
            string[] lines = await File.ReadAllLinesAsync(file);
            Assert.Equal(3, lines.Length);
            Assert.Equal("after", lines[2]);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
