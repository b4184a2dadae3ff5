using Overlay.Host.Configuration.Yaml;

namespace Overlay.Host.Configuration;

/// <summary>Collects what is wrong with a configuration, so that an operator sees all of it at once. Not thread-safe.</summary>
public sealed class ProblemList
{
    /// <summary>Errors kept; the rest is only counted.</summary>
    public const int MaxErrors = 100;

    private readonly List<ConfigurationError> _errors = [];
    private readonly List<ConfigurationError> _warnings = [];
    private int _omitted;

    /// <summary>True if there is an error.</summary>
    public bool HasErrors => _errors.Count > 0;

    /// <summary>Errors by file and line.</summary>
    public IReadOnlyList<ConfigurationError> Errors
    {
        get
        {
            var sorted = _errors.OrderBy(e => e.Line).ThenBy(e => e.Column).ToList();
            if (_omitted > 0)
            {
                sorted.Add(new ConfigurationError(sorted[0].File, 0, 0, "", $"and {_omitted} more: correct these first, then check again"));
            }

            return sorted;
        }
    }

    /// <summary>Warnings by line.</summary>
    public IReadOnlyList<ConfigurationError> Warnings => [.. _warnings.OrderBy(w => w.Line).ThenBy(w => w.Column)];

    /// <summary>Notes an error at a node.</summary>
    public void Error(YamlNode node, string key, string message) => Error(node.Source, node.Line, node.Column, key, message);

    /// <summary>Notes an error.</summary>
    public void Error(string file, int line, int column, string key, string message)
    {
        if (_errors.Count == MaxErrors)
        {
            _omitted++;
            return;
        }

        _errors.Add(new ConfigurationError(file, line, column, key, message));
    }

    /// <summary>Notes a warning at a node.</summary>
    public void Warn(YamlNode node, string key, string message)
    {
        if (_warnings.Count < MaxErrors)
        {
            _warnings.Add(new ConfigurationError(node.Source, node.Line, node.Column, key, message));
        }
    }
}
