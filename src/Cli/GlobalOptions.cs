using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Overlay.Encap;

namespace Overlay.Cli;

/// <summary>Options that more than one verb has.</summary>
internal static class GlobalOptions
{
    public const string DefaultSocket = "/run/overlay/overlayd.sock";
    private const string SocketVariable = "OVERLAY_SOCKET";

    /// <summary><c>--socket</c>, understood by every verb.</summary>
    public static Option<string> Socket { get; } = new("--socket")
    {
        Description = $"The daemon's admin socket. Environment: {SocketVariable}.",
        HelpName = "PATH",
        Recursive = true,
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(SocketVariable) is { Length: > 0 } path ? path : DefaultSocket,
    };

    /// <summary><c>-o table|json</c>.</summary>
    public static Option<string> Output()
    {
        Option<string> option = new("--output", "-o") { Description = "table or json.", HelpName = "FORMAT", DefaultValueFactory = _ => "table" };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: not ("table" or "json") } token]) result.AddError($"-o takes table or json, not '{token.Value}'");
        });
        return option;
    }

    /// <summary><c>--watch</c> and <c>--interval</c>.</summary>
    public static (Option<bool> Watch, Option<double> Interval) Watching()
    {
        Option<double> interval = new("--interval") { Description = "Seconds between two looks.", HelpName = "S", DefaultValueFactory = _ => 1 };
        interval.CustomParser = result =>
        {
            if (double.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out double value) && value is >= 0.1 and <= 3600) return value;
            result.AddError($"--interval takes 0.1 to 3600 seconds, not '{result.Tokens[0].Value}'");
            return 1;
        };
        return (new Option<bool>("--watch", "-w") { Description = "Look again and again until interrupted." }, interval);
    }

    /// <summary><c>--vni</c>, 0 to 16777215.</summary>
    public static Option<int?> Vni(bool required)
    {
        Option<int?> option = new("--vni") { Description = "The VNI, 0 to 16777215.", HelpName = "N", Required = required };
        option.CustomParser = result => Parse(result, "--vni", 0, 0xffffff);
        return option;
    }

    /// <summary>Whether an argument or the value of an option is a MAC.</summary>
    public static void CheckMac(SymbolResult result)
    {
        if (result.Tokens is [{ } token] && !MacAddress.TryParse(token.Value, out _))
        {
            result.AddError($"'{token.Value}' is not a MAC: expected six octets like 02:00:00:00:00:02");
        }
    }

    /// <summary>A whole number within bounds.</summary>
    public static Option<int> Integer(string name, string[] aliases, string what, string helpName, int value, int min, int max)
    {
        Option<int> option = new(name, aliases) { Description = $"{what}, {min} to {max}.", HelpName = helpName, DefaultValueFactory = _ => value };
        option.CustomParser = result => Parse(result, name, min, max) ?? value;
        return option;
    }

    private static int? Parse(ArgumentResult result, string name, int min, int max)
    {
        string text = result.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= min && value <= max) return value;
        result.AddError($"{name} takes {min} to {max}, not '{text}'");
        return null;
    }
}
