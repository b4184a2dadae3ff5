namespace Overlay.Cli.Tests.Kit;

/// <summary>An executable shell script.</summary>
internal sealed class TemporaryScript : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("script-");

    public TemporaryScript(string body)
    {
        Path = System.IO.Path.Combine(_folder.FullName, "script");
        File.WriteAllText(Path, $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    public string Path { get; }

    public void Dispose() => _folder.Delete(recursive: true);
}
