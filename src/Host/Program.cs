using System.Text.Json;
using Overlay.Api;
using Overlay.Host;
using Overlay.Host.Api;
using Overlay.Host.Composition;
using Overlay.Host.Configuration;
using Overlay.Host.Configuration.Keys;
using Overlay.Host.Manual;
using Overlay.Host.Metrics;
using Overlay.Host.Privileges;
using Overlay.Host.Restart;

var command = CommandLine.Parse(args);
if (command.Fault is not null)
{
    Console.Error.WriteLine($"overlayd: {command.Fault}. Next: overlayd --help");
    return ExitCode.Usage;
}

switch (command.Action)
{
    case CommandAction.Help:
        Console.Out.WriteLine(CommandLine.Help);
        return ExitCode.Ok;
    case CommandAction.Version:
        Console.Out.WriteLine(BuildInformation.Line);
        return ExitCode.Ok;
    case CommandAction.RemoveTaps:
        return TapRemoval.Run(ConfigurationLoader.Load(command.File).Value?.StateDirectory ?? TapRemoval.DefaultDirectory);
    case CommandAction.Reference:
        Console.Out.Write(ConfigurationReference.Render());
        return ExitCode.Ok;
    case CommandAction.Manual when DaemonPages.Render(command.File) is { } page:
        Console.Out.Write(page);
        return ExitCode.Ok;
    case CommandAction.Manual:
        Console.Error.WriteLine($"overlayd: there is no manual page '{KeyPath.Printable(command.File)}'. Next: overlayd --help");
        return ExitCode.Usage;
    case CommandAction.MetricReference:
        Console.Out.Write(MetricReference.Render());
        return ExitCode.Ok;
}

if (command.Action == CommandAction.Run)
{
    Rehearsal.Begin();
}

var loaded = ConfigurationLoader.Load(command.File);
if (command.Action == CommandAction.Check)
{
    return Check(command, loaded);
}

if (loaded.Value is null)
{
    foreach (var error in loaded.Errors)
    {
        Console.Error.WriteLine(error);
    }

    Console.Error.WriteLine($"overlayd: {command.File} is refused, nothing was started. Next: correct it, then overlayd --check {command.File}");
    return ExitCode.Usage;
}

var privileges = PrivilegeDrop.Apply(loaded.Value.Privileges, PrivilegeNeeds.Of(loaded.Value));
return await DaemonHost.RunAsync(command.File, loaded, privileges);

static int Check(CommandLine command, ConfigurationResult loaded)
{
    if (command.Json)
    {
        Console.Out.WriteLine(JsonSerializer.Serialize(Problems.From(loaded), ApiJsonContext.Default.ConfigCheckResponse));
        return loaded.Value is null ? ExitCode.Usage : ExitCode.Ok;
    }

    foreach (var error in loaded.Errors)
    {
        Console.Error.WriteLine(error);
    }

    foreach (var warning in loaded.Warnings)
    {
        Console.Error.WriteLine($"warning: {warning}");
    }

    if (loaded.Value is null)
    {
        Console.Error.WriteLine($"{command.File}: {loaded.Errors.Count} error{(loaded.Errors.Count == 1 ? "" : "s")}. Next: correct {(loaded.Errors.Count == 1 ? "it" : "them")}, then overlayd --check {command.File}");
        return ExitCode.Usage;
    }

    Console.Out.WriteLine($"{command.File}: valid. Next: overlayctl config reload");
    return ExitCode.Ok;
}
