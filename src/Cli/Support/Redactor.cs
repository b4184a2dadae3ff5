using System.Text.RegularExpressions;

namespace Overlay.Cli.Support;

/// <summary>
/// Takes out of text what must not leave the host: values of keys that are called a password, secret, token or key, credentials in URLs, private keys, bearer tokens, and of drop
/// samples what lies behind the headers. Works line by line on YAML, JSON, logs and command output alike; it would rather take too much.
/// </summary>
internal sealed partial class Redactor
{
    /// <summary>What stands in the place of a secret.</summary>
    public const string Mark = "[redacted]";

    // Tunnel header 8, Ethernet 14, IPv4 20, ports 8, in hexadecimal digits.
    private const int HeaderDigits = 100;

    /// <summary>The text without secrets.</summary>
    public static string Redact(string text)
    {
        string clean = PrivateKey().Replace(text, Mark);
        clean = Blocks(clean);
        clean = Credentials().Replace(clean, "://" + Mark + "@");
        clean = Bearer().Replace(clean, "${kind} " + Mark);
        clean = Assignment().Replace(clean, "${key}${sep}" + Mark);
        return Sample().Replace(clean, static m => m.Groups["hex"].Length <= HeaderDigits ? m.Value : m.Groups["key"].Value + m.Groups["hex"].Value[..HeaderDigits]);
    }

    // A YAML block scalar or a nested list under a secret key: everything that is indented deeper.
    private static string Blocks(string text)
    {
        string[] lines = text.Split('\n');
        List<string> kept = new(lines.Length);
        int within = -1;
        foreach (string line in lines)
        {
            int indent = line.Length - line.TrimStart(' ').Length;
            bool isBlank = line.Trim().Length == 0;
            if (within >= 0 && (isBlank || indent > within || (indent == within && line.TrimStart().StartsWith("- ", StringComparison.Ordinal)))) continue;
            within = -1;
            if (BlockStart().Match(line) is { Success: true } block)
            {
                within = indent;
                kept.Add(block.Groups["key"].Value + ": " + Mark);
                continue;
            }

            kept.Add(line);
        }

        return string.Join('\n', kept);
    }

    private const string Secret = @"[A-Za-z0-9_.\-]*(?:pass(?:word|wd|phrase)?|secret|token|psk|private[_\-]?key|api[_\-]?key|auth[_\-]?key|md5[_\-]?key|shared[_\-]?key|credentials?)[A-Za-z0-9_\-]*";

    [GeneratedRegex(@"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)", RegexOptions.None, 10_000)]
    private static partial Regex PrivateKey();

    [GeneratedRegex(@"://[^/\s@""']+@", RegexOptions.None, 10_000)]
    private static partial Regex Credentials();

    [GeneratedRegex(@"(?i)\b(?<kind>bearer|basic)\s+[A-Za-z0-9+/=._~\-]{8,}", RegexOptions.None, 10_000)]
    private static partial Regex Bearer();

    [GeneratedRegex(@"(?i)^(?<key>\s*(?:- )?[""']?" + Secret + @"[""']?)\s*:\s*(?:[|>][0-9+\-]*)?\s*(?:#.*)?$", RegexOptions.None, 10_000)]
    private static partial Regex BlockStart();

    [GeneratedRegex(@"(?i)(?<![A-Za-z0-9])(?<key>[""']?" + Secret + @"[""']?)(?<sep>\s*[:=]\s*)(?!\[redacted\])(?:""(?:[^""\\\n]|\\.)*""|'[^'\n]*'|\[[^\]\n]*\]|[^\s,}\]""'][^,}\]\n]*)", RegexOptions.None, 10_000)]
    private static partial Regex Assignment();

    [GeneratedRegex(@"(?<key>""hex"":\s*"")(?<hex>[0-9a-fA-F]*)", RegexOptions.None, 10_000)]
    private static partial Regex Sample();
}
