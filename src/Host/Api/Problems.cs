using Overlay.Api;
using Overlay.Host.Configuration;

namespace Overlay.Host.Api;

/// <summary>Configuration errors in the API's form.</summary>
internal static class Problems
{
    public static IReadOnlyList<ConfigProblem> From(IEnumerable<ConfigurationError> errors) =>
    [
        .. errors.Select(error => new ConfigProblem { File = error.File, Line = error.Line, Column = error.Column, Key = error.Key, Message = error.Message }),
    ];

    public static ConfigCheckResponse From(ConfigurationResult result) =>
        new() { Valid = result.Value is not null, Errors = From(result.Errors), Warnings = From(result.Warnings) };
}
