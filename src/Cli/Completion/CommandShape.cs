using System.CommandLine;

namespace Overlay.Cli.Completion;

/// <summary>A command as manuals and completion scripts see it: what is hidden is left out, what is inherited is there.</summary>
/// <param name="Path">The words after <c>overlayctl</c>; empty for the tool itself.</param>
/// <param name="Description">What it does.</param>
/// <param name="Options">Its options, and those of its parents that it understands.</param>
/// <param name="Arguments">Its arguments, in order.</param>
/// <param name="Children">Its verbs.</param>
/// <param name="Examples">Whole command lines.</param>
internal sealed record CommandShape(
    string Path,
    string Description,
    IReadOnlyList<OptionShape> Options,
    IReadOnlyList<ArgumentShape> Arguments,
    IReadOnlyList<CommandShape> Children,
    IReadOnlyList<string> Examples)
{
    /// <summary>The last word of the path.</summary>
    public string Name => Path[(Path.LastIndexOf(' ') + 1)..];

    /// <summary>The shape of the whole tool.</summary>
    public static CommandShape Of(RootCommand root) => Of(root, string.Empty, [], CommandTree.Examples);

    /// <summary>This command and all below it, parents first.</summary>
    public IEnumerable<CommandShape> All() => Children.SelectMany(child => child.All()).Prepend(this);

    private static CommandShape Of(Command command, string path, IReadOnlyList<OptionShape> inherited, IReadOnlyList<string> examples)
    {
        List<OptionShape> own = [.. command.Options.Where(o => !o.Hidden).Select(o => OptionShape.Of(o, path))];
        List<OptionShape> options = [.. own, .. inherited.Where(i => own.TrueForAll(o => o.Name != i.Name))];
        List<OptionShape> handedDown = [.. options.Where(o => o.IsRecursive)];
        List<CommandShape> children =
        [
            .. command.Subcommands.Where(c => !c.Hidden).Select(c => Of(
                c, path.Length == 0 ? c.Name : $"{path} {c.Name}", [.. handedDown.Select(o => o with { IsInherited = true })], c is Verb verb ? verb.Examples : [])),
        ];
        return new CommandShape(path, command.Description ?? string.Empty, options, [.. command.Arguments.Where(a => !a.Hidden).Select(a => ArgumentShape.Of(a, path))], children, examples);
    }
}

/// <summary>An option.</summary>
/// <param name="Name">Its name, with dashes.</param>
/// <param name="Aliases">Its other names that are worth showing.</param>
/// <param name="Description">What it does.</param>
/// <param name="Value">What its value is called; null if it takes none.</param>
/// <param name="Source">Where a shell finds values.</param>
/// <param name="IsRequired">True if the command does not go without it.</param>
/// <param name="IsRecursive">True if the verbs below understand it too.</param>
/// <param name="IsInherited">True if it stands at a parent.</param>
internal sealed record OptionShape(
    string Name, IReadOnlyList<string> Aliases, string Description, string? Value, ValueSource Source, bool IsRequired, bool IsRecursive, bool IsInherited = false)
{
    public static OptionShape Of(Option option, string path)
    {
        bool takesValue = option.Arity.MinimumNumberOfValues > 0;
        string value = option.HelpName ?? option.Name.TrimStart('-').ToUpperInvariant();

        // The /h and -? of other systems work, and need no advertising.
        List<string> aliases = [.. option.Aliases.Where(a => a.StartsWith('-') && a != "-?" && a != option.Name)];
        return new OptionShape(
            option.Name,
            aliases,
            option.Description ?? string.Empty,
            takesValue ? value : null,
            takesValue ? ValueSource.Of(path, option.Name, value) : ValueSource.Nothing,
            option.Required,
            option.Recursive);
    }
}

/// <summary>An argument.</summary>
/// <param name="Name">What help calls it.</param>
/// <param name="Description">What it is.</param>
/// <param name="Source">Where a shell finds values.</param>
/// <param name="IsOptional">True if it may be left out.</param>
/// <param name="IsMany">True if it takes all that follows.</param>
internal sealed record ArgumentShape(string Name, string Description, ValueSource Source, bool IsOptional, bool IsMany)
{
    public static ArgumentShape Of(Argument argument, string path)
    {
        string name = argument.HelpName ?? argument.Name;
        return new ArgumentShape(
            name,
            argument.Description ?? string.Empty,
            ValueSource.Of(path, null, name),
            argument.Arity.MinimumNumberOfValues == 0 || argument.HasDefaultValue,
            argument.Arity.MaximumNumberOfValues > 1);
    }
}
