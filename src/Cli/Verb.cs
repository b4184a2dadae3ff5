using System.CommandLine;

namespace Overlay.Cli;

/// <summary>A command with examples, which its help ends with.</summary>
internal sealed class Verb(string name, string description, params string[] examples) : Command(name, description)
{
    public IReadOnlyList<string> Examples { get; } = examples;
}
