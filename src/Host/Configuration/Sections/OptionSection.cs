using Overlay.Forwarding.Topology;

namespace Overlay.Host.Configuration.Sections;

/// <summary><c>options</c>: class and type of our Geneve options.</summary>
internal static class OptionSection
{
    private static readonly string[] Names = ["policy", "telemetry", "identity"];
    private static readonly OptionSpec[] Defaults = [new(0x0102, 1), new(0x0103, 2), new(0x0104, 3)];

    // RFC 8926 §7: 0xFF00-0xFFFF is for experiments.
    private static readonly OptionSpec[] Experimental = [new(0xfff0, 1), new(0xfff1, 2), new(0xfff2, 3)];

    public static TopologySpec Read(MapReader options)
    {
        var experimental = options.Word("preset", false, ("experimental", true));
        var specs = new OptionSpec[Names.Length];
        for (var i = 0; i < Names.Length; i++)
        {
            var map = options.Map(Names[i]);
            if (experimental && (map.Get("class") is not null || map.Get("type") is not null))
            {
                options.Error(Names[i], "conflicts with options.preset: remove one of the two");
            }

            var fallback = experimental ? Experimental[i] : Defaults[i];
            specs[i] = new OptionSpec((ushort)map.Number("class", fallback.Class, 0, 0xffff), (byte)map.Number("type", fallback.Type, 0, 127));
            if (Names[i] == "telemetry")
            {
                map.OnlyOff("sample", "telemetry on data frames");
            }

            var twin = Array.IndexOf(specs, specs[i], 0, i);
            if (twin >= 0)
            {
                options.Error(Names[i], $"class 0x{specs[i].Class:x4} type {specs[i].Type} is the {Names[twin]} option's already");
            }
        }

        return new TopologySpec { PolicyOption = specs[0], TelemetryOption = specs[1], IdentityOption = specs[2] };
    }
}
