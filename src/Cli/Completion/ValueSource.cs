namespace Overlay.Cli.Completion;

/// <summary>Where a shell finds the values of an option or an argument.</summary>
/// <param name="Kind">What a shell's script does to find them.</param>
/// <param name="Words">The values of <see cref="ValueKind.Words"/>.</param>
internal sealed record ValueSource(ValueKind Kind, IReadOnlyList<string> Words)
{
    public static ValueSource Nothing { get; } = new(ValueKind.None, []);

    /// <summary>As the scripts carry it: <c>files</c>, <c>vnis</c>, <c>=table json</c>, or nothing.</summary>
    public string Token => Kind switch
    {
        ValueKind.None => string.Empty,
        ValueKind.Words => "=" + string.Join(' ', Words),
        _ => Kind.ToString().ToLowerInvariant(),
    };

    /// <summary>
    /// Read off the name that help shows for the value, so that an option's author says it once: <c>a|b</c> lists the values, FILE and PATH are
    /// files, and what is called a VNI, PEER or PORT is asked of the daemon.
    /// </summary>
    /// <param name="path">The command it stands at.</param>
    /// <param name="name">The option's name, or null.</param>
    /// <param name="helpName">What help calls the value.</param>
    public static ValueSource Of(string path, string? name, string helpName)
    {
        if (helpName.Contains('|', StringComparison.Ordinal)) return new ValueSource(ValueKind.Words, helpName.Split('|'));
        ValueKind kind = (helpName, name) switch
        {
            ("FORMAT", _) => ValueKind.Words,
            ("FILE" or "PATH" or "INPUT", _) => ValueKind.Files,
            ("VNI", _) or (_, "--vni") => ValueKind.Vnis,
            ("PEER", _) or (_, "--peer") => ValueKind.Peers,
            ("PORT", _) => ValueKind.Ports,
            ("NAME", "--port") => ValueKind.Ports,
            ("NAME", null) when path.StartsWith("peer ", StringComparison.Ordinal) => ValueKind.Peers,
            ("NAME", null) when path.StartsWith("port ", StringComparison.Ordinal) => ValueKind.Ports,
            _ => ValueKind.None,
        };
        return kind == ValueKind.None ? Nothing : new ValueSource(kind, kind == ValueKind.Words ? ["table", "json"] : []);
    }
}
