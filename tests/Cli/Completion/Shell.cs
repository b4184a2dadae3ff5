using Overlay.Api;
using Overlay.Cli.Tests.Kit;

namespace Overlay.Cli.Tests.Completion;

/// <summary>What a real shell offers for a line, with the committed script.</summary>
internal static class Shell
{
    private const string Bash = """
        source "$1"
        mapfile -d '' -t COMP_WORDS < <(printf '%s' "$2" | tr ' ' '\0')
        [[ $2 != *' ' ]] || COMP_WORDS+=('')
        # As readline parts words.
        words=()
        for word in "${COMP_WORDS[@]}"; do
            if [[ $word == --*=* ]]; then words+=("${word%%=*}" = "${word#*=}"); else words+=("$word"); fi
        done
        COMP_WORDS=("${words[@]}")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        COMP_LINE=$2 COMP_POINT=${#2}
        _overlayctl overlayctl "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\n' "${COMPREPLY[@]}"
        """;

    private const string Fish = """
        source $argv[1]
        complete -C$argv[2] | string replace -r '\t.*' ''
        true
        """;

    // zsh completes in an editor only: one in a pseudo-terminal, whose compadd tells what it was given.
    private const string Zsh = """
        zmodload zsh/zpty
        local l
        zpty z zsh -f -i
        zpty -w z "PROMPT=; RPROMPT=; stty -echo; CAPTURE=$3; autoload -Uz compinit; compinit -u -D; source $1"
        zpty -w z 'compadd () {
          if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
          local -a hits; builtin compadd -A hits "$@"; builtin compadd "$@"
          local h; for h in $hits; do print -r -- "$h" >> $CAPTURE; done
        }'
        zpty -w z 'zle -C gather list-choices _main_complete; finish() { exit }; zle -N finish; bindkey "^I" gather; bindkey "^X" finish; print "GO"" NOW"'
        zpty -r -m z l '*GO NOW*'
        zpty -n -w z "$2"$'\t\C-X'
        while zpty -r z l; do :; done
        """;

    public static StatusResponse Names { get; } = Samples.Status with
    {
        Peers = [Samples.Status.Peers[0] with { Peer = "b" }, Samples.Status.Peers[0] with { Peer = "c" }],
        Vnis = [Samples.Status.Vnis[0] with { Vni = 100 }, Samples.Status.Vnis[0] with { Vni = 200 }],
        Ports = [Samples.Status.Ports[0] with { Port = "db" }, Samples.Status.Ports[0] with { Port = "web" }],
    };

    public static void Require(string shell) => Assert.SkipUnless(File.Exists($"/usr/bin/{shell}"), $"{shell} is not installed");

    public static async Task<IReadOnlyList<string>> CompleteAsync(string shell, string line)
    {
        DirectoryInfo home = Directory.CreateTempSubdirectory("shell-");
        try
        {
            string file = Path.Combine(home.FullName, "offered");
            (string script, string name) = shell switch
            {
                "bash" => (Bash, "overlayctl.bash"),
                "fish" => (Fish, "overlayctl.fish"),
                _ => (Zsh, "_overlayctl"),
            };
            string completion = RepositoryFiles.PathOf("deploy", "completions", name);
            string path = $"{Path.GetDirectoryName(CtlProcess.Overlayctl)}:/usr/bin:/bin:{Environment.GetEnvironmentVariable("PATH")}";
            string[] environment = ["env", $"HOME={home.FullName}", $"XDG_CONFIG_HOME={home.FullName}", $"XDG_DATA_HOME={home.FullName}", $"PATH={path}", "TERM=dumb"];
            string[] command = shell switch
            {
                "bash" => ["bash", "--norc", "-c", script, "bash", completion, line],
                "fish" => ["fish", "--no-config", "-c", script, completion, line],
                _ => ["zsh", "-f", "-c", script, "zsh", completion, line, file],
            };
            (int code, string output, string error) = await CtlProcess.RunAsync(environment[0], [.. environment[1..], .. command]);
            Assert.True(code == 0 || shell == "zsh", error);
            if (shell == "zsh") output = File.Exists(file) ? await File.ReadAllTextAsync(file) : string.Empty;
            return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }
}
