using System.Globalization;

namespace Overlay.EndToEnd;

/// <summary>What a run was asked to do.</summary>
internal sealed record BenchOptions
{
    public const string Help = """
        bench/run: overlayd beside the kernel's vxlan device, Open vSwitch (userspace) and fastd, in alternating rounds

        usage:
          bench/run [options]

          --rounds N           rounds (default 5; 1 with --quick)
          --rows A,B,…         what to measure (default: all)
          --contenders A,B,…   whom to measure (default: all)
          --wire veth|nic|both the underlay (default: both)
          --gate               instead of comparing: 20 s at full rate, in which overlayd may allocate nothing for a
                               frame, throw no exception and collect no garbage; one minute a variant
          --quick              one round of short measurements: for function, not for figures
          --json FILE          the samples
          --md FILE            the tables that are printed at the end
          --overlayd FILE      the daemon (default: the one that bench/run publishes)
          --list               rows and contenders
          --help

        A contender is measured in the rows that say something about it; where --rows and --contenders are both given, in all that are named.
        On both wires, the nic wire has TCP only; it has all rows where it is the only one.
        Exit codes: 0 ok, 1 something could not be measured or does not pass the gate, 2 usage, 130 interrupted.
        """;

    public int? Rounds { get; init; }

    public IReadOnlyList<Row>? Rows { get; init; }

    public IReadOnlyList<string>? Contenders { get; init; }

    public IReadOnlyList<Wire> Wires { get; init; } = [Wire.Veth, Wire.Nic];

    public bool Quick { get; init; }

    /// <summary>Whether <see cref="EndToEnd.Gate"/> is run instead of a comparison.</summary>
    public bool Gate { get; init; }

    public string? Json { get; init; }

    public string? Markdown { get; init; }

    public string Overlayd { get; init; } = "";

    /// <summary>Whether one wire was asked for: then it has all the rows.</summary>
    public bool IsOneWire => Wires.Count == 1;

    public bool ShowHelp { get; init; }

    public bool ShowList { get; init; }

    /// <summary>What is wrong with the arguments, or null.</summary>
    public string? Fault { get; init; }

    /// <summary>Reads arguments; <paramref name="contenders"/> are the names there are.</summary>
    public static BenchOptions Parse(IReadOnlyList<string> args, IReadOnlyCollection<string> contenders)
    {
        var options = new BenchOptions();
        for (var i = 0; i < args.Count && options.Fault is null; i++)
        {
            var (name, value) = args[i].IndexOf('=') is > 0 and var at ? (args[i][..at], args[i][(at + 1)..]) : (args[i], null);
            options = name switch
            {
                "--help" or "-h" => options with { ShowHelp = true },
                "--list" => options with { ShowList = true },
                "--gate" => options with { Gate = true },
                "--quick" => options with { Quick = true },
                _ when value is null && i + 1 == args.Count => options with { Fault = $"{name}: unknown, or its value is missing" },
                _ => options.With(name, value ?? args[++i], contenders),
            };
        }

        return options;
    }

    private BenchOptions With(string name, string value, IReadOnlyCollection<string> contenders)
    {
        switch (name)
        {
            case "--rounds":
                return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var rounds) && rounds is >= 1 and <= 100
                    ? this with { Rounds = rounds }
                    : this with { Fault = "--rounds takes a number from 1 to 100" };
            case "--rows":
                List<Row> rows = [];
                foreach (var word in Words(value))
                {
                    if (!Names.TryParse<Row>(word, out var row)) return this with { Fault = $"no row '{word}'; there are {Names.All<Row>()}" };
                    rows.Add(row);
                }

                return this with { Rows = [.. rows.Distinct()] };
            case "--contenders":
                var names = Words(value);
                var unknown = Array.Find(names, n => !contenders.Contains(n));
                return unknown is null
                    ? this with { Contenders = [.. names.Distinct()] }
                    : this with { Fault = $"no contender '{unknown}'; there are {string.Join(", ", contenders)}" };
            case "--wire":
                if (value == "both") return this with { Wires = [Wire.Veth, Wire.Nic] };
                return Names.TryParse<Wire>(value, out var wire) ? this with { Wires = [wire] } : this with { Fault = "--wire takes veth, nic or both" };
            case "--json":
                return this with { Json = value };
            case "--md":
                return this with { Markdown = value };
            case "--overlayd":
                return this with { Overlayd = value };
            default:
                return this with { Fault = $"no option '{name}'" };
        }
    }

    private static string[] Words(string value) => value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
