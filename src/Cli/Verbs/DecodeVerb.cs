using System.CommandLine;
using Overlay.Cli.Decode;
using Overlay.Cli.Screen;

namespace Overlay.Cli.Verbs;

/// <summary><c>overlayctl decode</c>.</summary>
internal static class DecodeVerb
{
    public static Verb Create(Terminal terminal)
    {
        Verb verb = new(
            "decode",
            "Every tunnel layer of a capture, a frame or a UDP payload, judged as an end point would. Needs no daemon.",
            "overlayctl decode capture.pcapng",
            "overlayctl decode capture.pcap -o json | jq -r 'select(.verdict != \"accept\") | [.frame, .reason] | @tsv'",
            "tcpdump -i eth0 -w - udp port 4789 | overlayctl decode -",
            "overlayctl decode --as vxlan 0800000000006400ffffffffffff0200000000010806");
        Argument<string> input = new("INPUT") { Description = "A pcap or pcapng file, hexadecimal digits, or - for standard input." };
        Option<string?> kind = new("--as") { Description = "What hexadecimal digits are: frame, vxlan, vxlan-gpe or geneve (the last three a UDP payload).", HelpName = "frame|vxlan|vxlan-gpe|geneve" };
        kind.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: not ("frame" or "vxlan" or "vxlan-gpe" or "geneve") } token])
            {
                result.AddError($"--as takes frame, vxlan, vxlan-gpe or geneve, not '{token.Value}'");
            }
        });
        Option<string> output = GlobalOptions.Output();
        verb.Arguments.Add(input);
        verb.Options.Add(kind);
        verb.Options.Add(output);
        verb.SetAction(parsed => DecodeCommand.Run(
            parsed.GetRequiredValue(input), parsed.GetValue(kind), parsed.GetValue(output) == "json", terminal.Out, terminal.Error));
        return verb;
    }
}
