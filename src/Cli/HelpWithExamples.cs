using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Overlay.Cli;

/// <summary>The usual help, followed by the verb's examples.</summary>
internal sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int code = help.Invoke(parseResult);
        TextWriter output = parseResult.InvocationConfiguration.Output;
        IReadOnlyList<string> examples = parseResult.CommandResult.Command is Verb verb ? verb.Examples : CommandTree.Examples;
        output.WriteLine("Examples:");
        foreach (string example in examples) output.WriteLine("  " + example);
        output.WriteLine();

        return code;
    }
}
