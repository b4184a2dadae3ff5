namespace Overlay.Host;

/// <summary>What <c>overlayd</c> was asked to do.</summary>
/// <param name="Action">The action.</param>
/// <param name="File">The configuration file.</param>
/// <param name="Json">Answer in JSON (<c>--check</c>).</param>
/// <param name="Fault">What is wrong with the arguments, or null.</param>
internal sealed record CommandLine(CommandAction Action, string File, bool Json = false, string? Fault = null)
{
    public const string DefaultFile = "/etc/overlay/overlayd.yaml";

    /// <summary>Each way to call it and what it does: the help's and the manual page's.</summary>
    public static IReadOnlyList<(string Usage, string Meaning)> Synopsis { get; } =
    [
        ("overlayd [--config FILE] [--foreground]", $"Run (default file: {DefaultFile})."),
        ("overlayd --check FILE [-o json]", "Validate a configuration and exit."),
        ("overlayd --remove-taps [--config FILE]", "Remove the TAPs that this configuration's daemon, which does not run, has left for its next start."),
        ("overlayd --print-configuration-reference", "Print the reference of all keys in Markdown."),
        ("overlayd --print-metric-reference", "Print the reference of all metrics in Markdown."),
        ("overlayd --print-man overlayd|overlayd.yaml", "Print a manual page: overlayd --print-man overlayd | man -l -"),
        ("overlayd --version | --help", "Print the version, or this."),
    ];

    public static string Help => $"""
        overlayd: a VXLAN and Geneve overlay dataplane

        usage:
        {string.Join('\n', Synopsis.Select(line => $"  {line.Usage,-44}  {line.Meaning.TrimEnd('.')}"))}

        exit codes: 0 ok, 1 failure, 2 usage or configuration
        signals:    SIGHUP reloads the configuration, SIGTERM drains and stops, a second SIGTERM stops at once
        Next: overlayctl doctor; overlayctl lab up
        """;

    public static CommandLine Parse(IReadOnlyList<string> args)
    {
        var result = new CommandLine(CommandAction.Run, DefaultFile);
        for (var i = 0; i < args.Count; i++)
        {
            var (name, value) = args[i].IndexOf('=') is > 0 and var at && args[i].StartsWith("--", StringComparison.Ordinal)
                ? (args[i][..at], args[i][(at + 1)..])
                : (args[i], null);
            switch (name)
            {
                case "--help" or "-h":
                    return result with { Action = CommandAction.Help };
                case "--version":
                    return result with { Action = CommandAction.Version };
                case "--print-configuration-reference":
                    return result with { Action = CommandAction.Reference };
                case "--print-metric-reference":
                    return result with { Action = CommandAction.MetricReference };
                case "--foreground":
                    continue;
                case "--remove-taps":
                    result = result with { Action = CommandAction.RemoveTaps };
                    continue;
                case "--config" or "-c" or "--check" or "-o" or "--output" or "--print-man":
                    value ??= i + 1 < args.Count ? args[++i] : null;
                    if (string.IsNullOrEmpty(value))
                    {
                        return result with { Fault = $"{name} needs a value" };
                    }

                    if (name == "--print-man")
                    {
                        return result with { Action = CommandAction.Manual, File = value };
                    }

                    if (name is "-o" or "--output")
                    {
                        if (value is not ("json" or "table"))
                        {
                            return result with { Fault = $"{name} takes json or table" };
                        }

                        result = result with { Json = value == "json" };
                    }
                    else
                    {
                        result = result with { File = value, Action = name == "--check" ? CommandAction.Check : result.Action };
                    }

                    continue;
                default:
                    return result with { Fault = $"unknown argument '{Configuration.KeyPath.Printable(args[i])}'" };
            }
        }

        return result;
    }
}

/// <summary>Actions of <c>overlayd</c>.</summary>
internal enum CommandAction
{
    /// <summary>Run the daemon.</summary>
    Run,

    /// <summary>Validate a configuration.</summary>
    Check,

    /// <summary>Remove persistent TAPs.</summary>
    RemoveTaps,

    /// <summary>Print the configuration reference.</summary>
    Reference,

    /// <summary>Print a manual page, named where other actions have the file.</summary>
    Manual,

    /// <summary>Print the metric reference.</summary>
    MetricReference,

    /// <summary>Print the version.</summary>
    Version,

    /// <summary>Print the usage.</summary>
    Help,
}
